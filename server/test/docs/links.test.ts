import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allPages, readPage, root } from './pages.ts'

/** The links of a page that lead within the repository. */
function linksOf(page: string): readonly string[] {
  const prose = page.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '')
  const links = [...prose.matchAll(/(?:\]\(|\bsrc(?:set)?=")([^()\s"]+)[)"]/g)].map(([, link = '']) => link)
  return links.filter(link => !/^[a-z]+:/.test(link))
}

/** The names that headings can be reached by, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = page.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)
  const nameOf = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-')
  return new Set([...headings].map(([, heading = '']) => nameOf(heading)))
}

describe('the pages of the documentation', () => {
  it.each(allPages())('%s leads to files and headings that are there', path => {
    const broken = linksOf(readPage(path)).filter(link => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : join(dirname(path), decodeURIComponent(file))
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !anchorsOf(readPage(target)).has(anchor)
    })
    expect(broken).toEqual([])
  })

  it('are all named by docs/README.md or by the README', () => {
    const links = linksOf(readPage('docs/README.md')).map(link => join('docs', link))
    const named = new Set([...links, ...linksOf(readPage('README.md'))])
    const pages = allPages().filter(path => dirname(path) !== 'docs/decisions' && !path.endsWith('README.md'))
    expect(pages.filter(path => !named.has(path))).toEqual([])
  })

  it('explain each word of the glossary once', () => {
    const words = [...readPage('docs/glossary.md').matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = '']) =>
      cell.split(', '),
    )
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([])
  })

  it('of decisions are all named by docs/decisions/README.md', () => {
    const named = new Set(linksOf(readPage('docs/decisions/README.md')).map(link => join('docs/decisions', link)))
    const records = allPages().filter(path => /^docs\/decisions\/\d{4}-/.test(path))
    expect(records.filter(path => !named.has(path))).toEqual([])
  })
})

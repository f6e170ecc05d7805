import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { repriseMain } from '../../../../testbed/servers/reprise.ts'
import { allPages, blocksOf, readPage } from '../pages.ts'

const run = promisify(execFile)

/** A command as pages name it: `reprise outbox redrive --all`. */
interface NamedCommand {
  readonly page: string
  readonly words: readonly string[]
  readonly options: readonly string[]
}

const shellOperators = /[|;&>#\n]/

function commandsOf(page: string): readonly NamedCommand[] {
  const text = readPage(page)
  const shell = blocksOf(text).flatMap(block => (block.language === 'sh' ? block.text.split('\n') : []))
  const prose = [...text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, code = '']) => code,
  )
  return [...shell, ...prose].flatMap(code => {
    const [, rest] = /^(?:[A-Z_]+=\S+ )*(?:npx )?reprise((?: [^`]*)?)$/.exec(code.trim()) ?? []
    if (rest === undefined) return []
    const parts = (rest.split(shellOperators)[0] ?? '').trim().split(/\s+/)
    const end = parts.findIndex(part => !/^[a-z]+$/.test(part))
    const words = end < 0 ? parts : parts.slice(0, end)
    const options = parts.flatMap(part => /^--[a-z-]+/.exec(part)?.[0] ?? [])
    return words.length === 0 ? [] : [{ page, words, options }]
  })
}

describe('the commands that the pages name', () => {
  const byName = Map.groupBy(allPages().flatMap(commandsOf), ({ words }) => words[0] ?? '')

  it.each([...byName.keys()].filter(name => name !== 'help'))('reprise %s is one, with these options', async name => {
    const help = new Map<string, string>()
    for (const { page, words, options } of byName.get(name) ?? []) {
      // A second word is a command of its own, or an argument of the first.
      const [, second] = words
      const asked = [
        name,
        ...(second !== undefined && (await helpOf(help, [name])).includes(`  ${second} `) ? [second] : []),
      ]
      const text = await helpOf(help, asked)
      expect(
        options.filter(option => !new RegExp(`${option}\\b`).test(text)),
        `${page}: ${asked.join(' ')}`,
      ).toEqual([])
    }
  })
})

async function helpOf(known: Map<string, string>, words: readonly string[]): Promise<string> {
  const name = words.join(' ')
  const text = known.get(name) ?? (await run(process.execPath, [repriseMain, ...words, '--help'])).stdout
  known.set(name, text)
  return text
}

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The repository's root. */
export const root = join(import.meta.dirname, '../../..')

/** The pages that people read: README.md and all below docs/, as paths from the root. */
export function allPages(): readonly string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.md'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
  return ['README.md', ...below].sort()
}

export function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  readonly text: string
  /** The line of the page on which it begins. */
  readonly line: number
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```$/gm)].map(({ 1: language = '', 2: text = '', index }) => ({
    language,
    text,
    line: page.slice(0, index).split('\n').length,
  }))
}

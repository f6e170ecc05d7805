import { createHash } from 'node:crypto'

const openings = [
  'Briefly put,',
  'It depends, but mostly',
  'As a rule,',
  'In short,',
  'From what is known,',
  'Seen closely,',
]
const subjects = [
  'the small copy',
  'a patient reader',
  'the first answer',
  'every good map',
  'a quiet river',
  'the night train',
]
const verbs = ['remembers', 'follows', 'explains', 'replaces', 'carries', 'outlives']
const objects = [
  'what was asked before',
  'the shorter road',
  'a careful note',
  'the whole story',
  'two old questions',
  'the missing page',
]

/** Numbers that look random and are always the same for the same seed. */
export class Seed {
  readonly #text: string
  #drawn = 0

  constructor(...parts: readonly unknown[]) {
    this.#text = JSON.stringify(parts)
  }

  below(limit: number): number {
    this.#drawn += 1
    return createHash('sha256').update(`${this.#drawn}:${this.#text}`).digest().readUInt32LE(0) % limit
  }

  pick(list: readonly string[]): string {
    return list[this.below(list.length)] ?? ''
  }
}

/** A few sentences of little meaning. */
export function sentences(seed: Seed, count: number): string {
  return Array.from(
    { length: count },
    () => `${seed.pick(openings)} ${seed.pick(subjects)} ${seed.pick(verbs)} ${seed.pick(objects)}.`,
  ).join(' ')
}

/** A text cut into what this model calls tokens: words with the space before them. */
export function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? []
}

/** How many tokens a request has, about. */
export function countTokens(value: unknown): number {
  return Math.max(1, Math.ceil(JSON.stringify(value ?? '').length / 4))
}

import { hash } from 'node:crypto'

/** One member of the outermost object. */
export interface Member {
  readonly name: string
  /** Canonical JSON of the value. */
  readonly value: string
  /** Where the value stands in the text as it was written. */
  readonly from: number
  readonly to: number
}

const deepest = 512
/** Shorter texts are no files. */
const shortestFile = 1_024

const space = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const literal = /true|false|null/y
/** Anything that a string may not hold unescaped. */
const control = /[^ -\uffff]/
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/
const dataUrl = /^data:[\w.+-]*\/?[\w.+-]*(?:;[\w.+-]+(?:=[\w.+-]+)?)*,/

/** No escape of JSON: what follows it inside a canonical string names a file by its hash. */
const fileMark = '"\\@'

/**
 * Reads the members of a JSON object into canonical JSON: no space, names in order, strings as `JSON.stringify` writes
 * them, numbers as they were written, so that `1`, `1.0` and 20-digit numbers stay what they are. A name that comes twice
 * is kept twice. Long encoded files (data URLs, base64) are named by their SHA-256.
 *
 * Works on the text itself: `JSON.parse` would round numbers and drop doubled names.
 *
 * @returns undefined when the text is no JSON object, or nested deeper than 512 levels
 */
export function readMembers(text: string): readonly Member[] | undefined {
  const reader = new Reader(text)
  try {
    return reader.document()
  } catch (error) {
    if (error === unreadable) return undefined
    throw error
  }
}

/** The members as one canonical object. */
export function canonicalObject(members: readonly Pick<Member, 'name' | 'value'>[]): string {
  return `{${members
    .toSorted(byName)
    .map(({ name, value }) => `${JSON.stringify(name)}:${value}`)
    .join(',')}}`
}

/** Canonical JSON with files named in a way that any reader of JSON can read. */
export function readableJson(canonical: string): string {
  return canonical.replaceAll(fileMark, '"')
}

const unreadable = Symbol('unreadable')

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): readonly Member[] {
    this.#skip()
    const members = this.#members(1)
    this.#skip()
    if (this.#at !== this.#text.length) throw unreadable
    return members
  }

  #value(depth: number): string {
    switch (this.#text[this.#at]) {
      case '"':
        return canonicalString(this.#string())
      case '{':
        return canonicalObject(this.#members(depth + 1))
      case '[':
        return this.#array(depth + 1)
      case 't':
      case 'f':
      case 'n':
        return this.#match(literal)
      default:
        return this.#match(number)
    }
  }

  #members(depth: number): Member[] {
    this.#expect('{', depth)
    const members: Member[] = []
    if (this.#ends('}')) return members
    do {
      this.#skip()
      const name = this.#string()
      this.#skip()
      this.#expect(':', depth)
      this.#skip()
      const from = this.#at
      const value = this.#value(depth)
      members.push({ name, value, from, to: this.#at })
    } while (this.#goesOn('}'))
    return members
  }

  #array(depth: number): string {
    this.#expect('[', depth)
    if (this.#ends(']')) return '[]'
    const items: string[] = []
    do {
      this.#skip()
      items.push(this.#value(depth))
    } while (this.#goesOn(']'))
    return `[${items.join(',')}]`
  }

  /** The string that begins here, decoded. */
  #string(): string {
    const text = this.#text
    if (text[this.#at] !== '"') throw unreadable
    const from = this.#at
    let end = text.indexOf('"', from + 1)
    while (end >= 0 && isEscaped(text, from, end)) end = text.indexOf('"', end + 1)
    if (end < 0) throw unreadable
    this.#at = end + 1
    const inner = text.slice(from + 1, end)
    if (inner.includes('\\')) return decoded(text.slice(from, end + 1))
    if (control.test(inner)) throw unreadable
    return inner
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found === undefined) throw unreadable
    this.#at += found.length
    return found
  }

  #expect(character: string, depth: number): void {
    if (this.#text[this.#at] !== character || depth > deepest) throw unreadable
    this.#at += 1
  }

  /** Whether the list that was just opened is empty; then it is read to its end. */
  #ends(close: string): boolean {
    this.#skip()
    if (this.#text[this.#at] !== close) return false
    this.#at += 1
    return true
  }

  /** Whether another item follows; if not, the list is read to its end. */
  #goesOn(close: string): boolean {
    this.#skip()
    const character = this.#text[this.#at]
    if (character !== ',' && character !== close) throw unreadable
    this.#at += 1
    return character === ','
  }

  #skip(): void {
    if (this.#text.charCodeAt(this.#at) > 0x20) return
    space.lastIndex = this.#at
    this.#at += space.exec(this.#text)?.[0].length ?? 0
  }
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(text: string, from: number, place: number): boolean {
  let at = place
  while (at - 1 > from && text[at - 1] === '\\') at -= 1
  return (place - at) % 2 === 1
}

function decoded(quoted: string): string {
  try {
    const value: unknown = JSON.parse(quoted)
    if (typeof value === 'string') return value
  } catch {
    // Falls through to the one way in which it is told.
  }
  throw unreadable
}

function canonicalString(value: string): string {
  return fileName(value) ?? JSON.stringify(value)
}

/** An encoded file by its hash, within quotes that no other string begins with. */
function fileName(value: string): string | undefined {
  if (value.length < shortestFile) return undefined
  const head = value.startsWith('data:') ? dataUrl.exec(value)?.[0] : base64.test(value) ? 'base64,' : undefined
  if (head === undefined) return undefined
  return `${fileMark}${head}sha256:${hash('sha256', value, 'hex')}"`
}

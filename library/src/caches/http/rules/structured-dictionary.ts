/** A bare item of a dictionary, with its type. Parameters are read and left out: no cache directive has any. */
export type StructuredItem =
  | { readonly type: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly type: 'string' | 'token' | 'display'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'bytes' | 'list' }

/**
 * Reads a dictionary of structured fields (RFC 9651 4.2.2).
 * @returns undefined when the text is none: the whole field is ignored then
 * @example parseDictionary('max-age=60, public') // Map { 'max-age' => { type: 'integer', value: 60 }, 'public' => … true }
 */
export function parseDictionary(text: string): ReadonlyMap<string, StructuredItem> | undefined {
  try {
    return new DictionaryReader(text).read()
  } catch (error) {
    if (error === unreadable) return undefined
    throw error
  }
}

const unreadable = Symbol('unreadable')
const keyPattern = /[a-z*][a-z0-9_\-.*]*/y
const numberPattern = /-?\d+(?:\.\d{1,3})?/y
const stringPattern = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y
const tokenPattern = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y
const bytesPattern = /:[A-Za-z0-9+/=]*:/y
const displayPattern = /%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y

class DictionaryReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  read(): ReadonlyMap<string, StructuredItem> {
    const members = new Map<string, StructuredItem>()
    this.#skip(' ')
    while (this.#at < this.#text.length) {
      const key = this.#match(keyPattern)
      const item = this.#take('=') ? this.#member() : this.#flag()
      // The last one of a name counts.
      members.delete(key)
      members.set(key, item)
      this.#skip(' \t')
      if (this.#at === this.#text.length) break
      if (!this.#take(',')) throw unreadable
      this.#skip(' \t')
      if (this.#at === this.#text.length) throw unreadable
    }
    return members
  }

  #flag(): StructuredItem {
    this.#parameters()
    return { type: 'boolean', value: true }
  }

  #member(): StructuredItem {
    const item: StructuredItem = this.#text[this.#at] === '(' ? this.#innerList() : this.#bareItem()
    this.#parameters()
    return item
  }

  #innerList(): StructuredItem {
    this.#at += 1
    for (;;) {
      this.#skip(' ')
      if (this.#take(')')) return { type: 'list' }
      this.#bareItem()
      this.#parameters()
      if (this.#text[this.#at] !== ' ' && this.#text[this.#at] !== ')') throw unreadable
    }
  }

  #parameters(): void {
    while (this.#take(';')) {
      this.#skip(' ')
      this.#match(keyPattern)
      if (this.#take('=')) this.#bareItem()
    }
  }

  #bareItem(): StructuredItem {
    const first = this.#text[this.#at] ?? ''
    if (first === '"') return { type: 'string', value: this.#match(stringPattern).slice(1, -1).replace(/\\(.)/g, '$1') }
    if (first === ':') {
      this.#match(bytesPattern)
      return { type: 'bytes' }
    }
    if (first === '?') return this.#boolean()
    if (first === '%') return { type: 'display', value: this.#match(displayPattern) }
    if (first === '@') {
      this.#at += 1
      return { ...this.#number(), type: 'date' }
    }
    if (/[-0-9]/.test(first)) return this.#number()
    return { type: 'token', value: this.#match(tokenPattern) }
  }

  #boolean(): StructuredItem {
    this.#at += 1
    if (this.#take('1')) return { type: 'boolean', value: true }
    if (this.#take('0')) return { type: 'boolean', value: false }
    throw unreadable
  }

  #number(): { readonly type: 'integer' | 'decimal'; readonly value: number } {
    const text = this.#match(numberPattern)
    const [whole = '', fraction] = text.replace('-', '').split('.')
    if (whole.length > (fraction === undefined ? 15 : 12) || this.#text[this.#at] === '.') throw unreadable
    return { type: fraction === undefined ? 'integer' : 'decimal', value: Number(text) }
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [text] = pattern.exec(this.#text) ?? []
    if (text === undefined) throw unreadable
    this.#at += text.length
    return text
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  #skip(characters: string): void {
    while (this.#at < this.#text.length && characters.includes(this.#text[this.#at] ?? '')) this.#at += 1
  }
}

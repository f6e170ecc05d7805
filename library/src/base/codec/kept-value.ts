import { isArrayBuffer } from 'node:util/types'
import { deserialize, serialize } from 'node:v8'
import { notEncodable } from './find-fault.ts'
import { Survey, unencodable } from './survey.ts'

/**
 * How a value is written: as JSON where JSON gives it back exactly, a Buffer as its bytes, else by V8's structured clone.
 * `plain` and `rich` are both written so, and differ in whether a frozen copy is enough to protect the value in memory.
 */
export type Encoding = 'json' | 'plain' | 'rich' | 'bytes'

/** A value in the form in which it is kept, so that nobody who gets it can change it for others. */
export type KeptValue =
  /** The loader said that there is nothing. */
  | { readonly kind: 'absent' }
  /** Deeply frozen, and shared by all who read it. */
  | { readonly kind: 'frozen'; readonly value: unknown; readonly encoding: 'json' | 'plain'; readonly bytes: number }
  /** Decoded anew for each reader. */
  | { readonly kind: 'encoded'; readonly body: Uint8Array; readonly encoding: Encoding }

export const absent: KeptValue = { kind: 'absent' }

/** A list of so many numbers is written shorter and faster as clone than as JSON. */
const manyNumbers = 64

/** Of so many bytes at most are texts that are parsed together, and so many at once: what is joined stays small. */
const shortText = 4096
const textsAtOnce = 512

/**
 * The value in the form in which memory keeps it.
 * @throws RepriseError `not_encodable`
 */
export function keepValue(value: unknown): KeptValue {
  if (value === undefined) return absent
  // Copied exactly: part of a pool would keep all of the pool.
  if (isPlainBuffer(value)) return { kind: 'encoded', body: new Uint8Array(value), encoding: 'bytes' }
  const survey = new Survey()
  const copy = copyOf(value, survey)
  if (!survey.rich) {
    const numeric = survey.numbers > manyNumbers && survey.numbers * 2 > survey.nodes
    return { kind: 'frozen', value: copy, encoding: survey.json && !numeric ? 'json' : 'plain', bytes: survey.bytes }
  }
  try {
    return { kind: 'encoded', body: serialize(value), encoding: 'rich' }
  } catch {
    throw notEncodable(value)
  }
}

function copyOf(value: unknown, survey: Survey): unknown {
  try {
    return survey.frozenCopy(value)
  } catch (error) {
    // A getter of the value may throw too; that error is the value's own.
    throw error === unencodable ? notEncodable(value) : error
  }
}

/** What a reader gets. Throws when the body cannot be read, which a store's checksum makes all but impossible. */
export function takeValue(kept: KeptValue): unknown {
  switch (kept.kind) {
    case 'absent':
      return undefined
    case 'frozen':
      return kept.value
    case 'encoded':
      if (kept.encoding === 'bytes') return Buffer.from(kept.body)
      if (kept.encoding === 'json') return JSON.parse(textOf(kept.body))
      // Decoded bytes may be a view of what they were decoded from: rich values get a copy of their own.
      return deserialize(kept.encoding === 'rich' ? Uint8Array.prototype.slice.call(kept.body) : kept.body)
  }
}

/**
 * What the readers of a batch get, in its order. Short JSON texts are parsed together: in a list, V8 recognizes objects of
 * one shape and takes a third less for each.
 */
export function takeValues(batch: readonly (KeptValue | undefined)[]): unknown[] {
  const values: unknown[] = new Array(batch.length)
  let texts: string[] = []
  let places: number[] = []
  for (let place = 0; place < batch.length; place += 1) {
    const kept = batch[place]
    if (kept?.kind !== 'encoded' || kept.encoding !== 'json' || kept.body.byteLength > shortText) {
      values[place] = kept && takeValue(kept)
      continue
    }
    texts.push(textOf(kept.body))
    places.push(place)
    if (texts.length < textsAtOnce) continue
    parseInto(values, texts, places)
    texts = []
    places = []
  }
  parseInto(values, texts, places)
  return values
}

function parseInto(values: unknown[], texts: readonly string[], places: readonly number[]): void {
  const together: unknown[] = JSON.parse(`[${texts.join()}]`)
  for (let index = 0; index < places.length; index += 1) values[places[index] as number] = together[index]
}

/**
 * The same value in the form in which memory keeps it: plain data decoded and frozen once, other bytes without the rest of
 * the buffer that they came in.
 */
export function forMemory(kept: KeptValue): KeptValue {
  if (kept.kind !== 'encoded') return kept
  const { encoding } = kept
  if (encoding === 'rich' || encoding === 'bytes')
    return isView(kept.body) ? { ...kept, body: Uint8Array.from(kept.body) } : kept
  const survey = new Survey()
  const value = survey.frozenCopy(takeValue(kept))
  return { kind: 'frozen', value, encoding, bytes: survey.bytes }
}

/** The bytes that a store keeps of it. */
export function bodyOf(kept: Exclude<KeptValue, { kind: 'absent' }>): Uint8Array {
  if (kept.kind === 'encoded') return kept.body
  return kept.encoding === 'json' ? Buffer.from(JSON.stringify(kept.value)) : serialize(kept.value)
}

/** About how many bytes of memory it takes. */
export function memoryBytesOf(kept: KeptValue): number {
  if (kept.kind === 'absent') return 0
  return kept.kind === 'frozen' ? kept.bytes : kept.body.byteLength + 96
}

/** A few bytes would hold a whole read of a socket, or what was unpacked with room to spare. */
function isView(body: Uint8Array): boolean {
  return body.buffer.byteLength > body.byteLength + 64
}

/** A Buffer that copying gives back: none of shared memory, and none of a class of its own. */
function isPlainBuffer(value: unknown): value is Buffer {
  return Buffer.isBuffer(value) && Object.getPrototypeOf(value) === Buffer.prototype && isArrayBuffer(value.buffer)
}

function textOf(body: Uint8Array): string {
  if (Buffer.isBuffer(body)) return body.toString()
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
}

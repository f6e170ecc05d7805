import { serialize } from 'node:v8'
import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { absent, bodyOf, type Encoding, type KeptValue } from './kept-value.ts'

/** An entry as a shared tier keeps it, before its marks are compared with the present ones. */
export interface WrittenEntry {
  readonly kept: KeptValue
  readonly createdAt: number
  readonly freshUntil: number
  readonly staleUntil: number
  /** How long the loader took, 0 where none ran. */
  readonly loadMs: number
  readonly tags: readonly string[]
  /** The marks of the namespaces from the cache down, then for each tag its marks in these namespaces. */
  readonly marks: readonly string[]
}

export type EntryReading =
  | { readonly kind: 'entry'; readonly entry: WrittenEntry }
  | { readonly kind: 'unreadable'; readonly reason: string }

// Layout, little-endian: 'R', format, flags, number of namespaces | createdAt, freshUntil, staleUntil | loadMs | length of
// the body before compression | number of tags | tags | marks | body | checksum of all before it.
const magic = 0x52
const format = 2
const headBytes = 38
const checksumBytes = 4
/** The CRC-32 of any bytes that end with their own CRC-32: one look over the whole entry checks it. */
const intact = 0x2144_df1c

const encodings: readonly Encoding[] = ['json', 'plain', 'rich', 'bytes']
const clones: ReadonlySet<Encoding> = new Set(['plain', 'rich'])
/** Structured clones begin with 0xff and the version of their format, which newer versions of Node.js raise. */
const cloneVersion = serialize(0).readUInt8(1)
const encodingBits = 0b0000_0011
const compressedBit = 0b0000_0100
const absentBit = 0b0000_1000

/** Below this, compressing costs more than the bytes it saves on the way. */
const compressFrom = 4096
/** A header that claims more than this is corrupt. */
const longestBody = 512 * 1024 * 1024

export function writeEntry(entry: WrittenEntry, namespaces: number): Uint8Array {
  const { kept, tags, marks } = entry
  const plain = kept.kind === 'absent' ? Buffer.alloc(0) : bodyOf(kept)
  const packed = plain.byteLength >= compressFrom ? zstdCompressSync(plain) : plain
  const compressed = packed.byteLength < plain.byteLength * 0.9
  const body = compressed ? packed : plain
  const names = tags.map(tag => Buffer.from(tag))
  const namesBytes = names.reduce((sum, name) => sum + 2 + name.byteLength, 0)
  const marksBytes = marks.reduce((sum, mark) => sum + 1 + mark.length, 0)
  const bytes = Buffer.allocUnsafe(headBytes + namesBytes + marksBytes + body.byteLength + checksumBytes)
  bytes[0] = magic
  bytes[1] = format
  bytes[2] = flagsOf(kept) | (compressed ? compressedBit : 0)
  bytes[3] = namespaces
  bytes.writeDoubleLE(entry.createdAt, 4)
  bytes.writeDoubleLE(entry.freshUntil, 12)
  bytes.writeDoubleLE(entry.staleUntil, 20)
  bytes.writeFloatLE(entry.loadMs, 28)
  bytes.writeUInt32LE(plain.byteLength, 32)
  bytes.writeUInt16LE(tags.length, 36)
  let at = headBytes
  for (const name of names) {
    bytes.writeUInt16LE(name.byteLength, at)
    bytes.set(name, at + 2)
    at += 2 + name.byteLength
  }
  for (const mark of marks) {
    bytes[at] = mark.length
    bytes.write(mark, at + 1, 'latin1')
    at += 1 + mark.length
  }
  bytes.set(body, at)
  at += body.byteLength
  bytes.writeUInt32LE(crc32(bytes.subarray(0, at)), at)
  return bytes
}

/** Reads what a store holds. Never throws: foreign, newer, cut or changed bytes are a reading of their own. */
export function readEntry(given: Uint8Array, namespaces: number): EntryReading {
  const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  if (bytes.byteLength < headBytes + checksumBytes || bytes[0] !== magic) return unreadable('not an entry of Reprise')
  if (bytes[1] !== format) return unreadable(`format ${bytes[1]} instead of ${format}`)
  if (crc32(bytes) !== intact) return unreadable('corrupt')
  if (bytes[3] !== namespaces) return unreadable('written under another namespace')
  try {
    return { kind: 'entry', entry: parse(bytes, namespaces) }
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error))
  }
}

function parse(bytes: Buffer, namespaces: number): WrittenEntry {
  const tagCount = bytes.readUInt16LE(36)
  let at = headBytes
  const tags: string[] = []
  for (let count = 0; count < tagCount; count += 1) {
    const length = bytes.readUInt16LE(at)
    tags.push(bytes.toString('utf8', at + 2, at + 2 + length))
    at += 2 + length
  }
  const marks: string[] = []
  for (let count = namespaces * (1 + tagCount); count > 0; count -= 1) {
    const length = bytes.readUInt8(at)
    marks.push(bytes.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return {
    kept: parseBody(bytes, at),
    createdAt: bytes.readDoubleLE(4),
    freshUntil: bytes.readDoubleLE(12),
    staleUntil: bytes.readDoubleLE(20),
    loadMs: bytes.readFloatLE(28),
    tags,
    marks,
  }
}

function parseBody(bytes: Buffer, at: number): KeptValue {
  const flags = bytes.readUInt8(2)
  if ((flags & absentBit) !== 0) return absent
  const encoding = encodings[flags & encodingBits]
  if (encoding === undefined) throw new Error('unknown encoding')
  const length = bytes.readUInt32LE(32)
  if (length > longestBody) throw new Error('impossible length')
  const packed = bytes.subarray(at, bytes.byteLength - checksumBytes)
  const body = (flags & compressedBit) === 0 ? packed : zstdDecompressSync(packed, { maxOutputLength: length })
  if (body.byteLength !== length) throw new Error('cut')
  if (clones.has(encoding) && (body[1] ?? 0) > cloneVersion) throw new Error('written by a newer Node.js')
  return { kind: 'encoded', body, encoding }
}

function flagsOf(kept: KeptValue): number {
  return kept.kind === 'absent' ? absentBit : encodings.indexOf(kept.encoding)
}

function unreadable(reason: string): EntryReading {
  return { kind: 'unreadable', reason }
}

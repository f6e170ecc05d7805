import { types } from 'pg'

type Parse = (text: string) => unknown

/** Type numbers of pg_type that pg reads differently than a `Database` promises. */
const parsers: Readonly<Record<number, Parse>> = {
  /* bytea   */ 17: bytesOf,
  /* bigint  */ 20: Number,
  /* bigint[] */ 1016: text => numbersOf(text),
  /* date    */ 1082: text => text,
  /* numeric */ 1700: Number,
}

/** How values are read, for one client; pg's own parsers, which a whole process shares, stay as they are. */
export const valueTypes = {
  getTypeParser: (typeId: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : parsers[typeId]) ?? types.getTypeParser(typeId, format),
} as const

/** A copy of its own: a view into Node's shared buffers may start where no Float32Array can. */
function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
}

function numbersOf(text: string): (number | null)[] {
  const items = text.slice(1, -1)
  return items === '' ? [] : items.split(',').map(item => (item === 'NULL' ? null : Number(item)))
}

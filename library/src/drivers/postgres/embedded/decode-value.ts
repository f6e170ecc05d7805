type Decode = (text: string) => unknown

/** Type numbers of pg_type, with the number of the type's array; what is missing here stays text. */
const scalars: readonly { readonly type: number; readonly array: number; readonly decode: Decode }[] = [
  /* boolean     */ { type: 16, array: 1000, decode: text => text === 't' },
  /* bytea       */ { type: 17, array: 1001, decode: decodeBytes },
  /* bigint      */ { type: 20, array: 1016, decode: Number },
  /* smallint    */ { type: 21, array: 1005, decode: Number },
  /* integer     */ { type: 23, array: 1007, decode: Number },
  /* text        */ { type: 25, array: 1009, decode: text => text },
  /* oid         */ { type: 26, array: 1028, decode: Number },
  /* json        */ { type: 114, array: 199, decode: JSON.parse },
  /* real        */ { type: 700, array: 1021, decode: Number },
  /* double      */ { type: 701, array: 1022, decode: Number },
  /* varchar     */ { type: 1043, array: 1015, decode: text => text },
  /* date        */ { type: 1082, array: 1182, decode: text => text },
  /* timestamp   */ { type: 1114, array: 1115, decode: decodeInstant },
  /* timestamptz */ { type: 1184, array: 1185, decode: decodeInstant },
  /* numeric     */ { type: 1700, array: 1231, decode: Number },
  /* uuid        */ { type: 2950, array: 2951, decode: text => text },
  /* jsonb       */ { type: 3802, array: 3807, decode: JSON.parse },
]

const decoders = new Map<number, Decode>(
  scalars.flatMap(({ type, array, decode }): [number, Decode][] => [
    [type, decode],
    [array, text => decodeArray(text, decode)],
  ]),
)

/** How values of a type are read, so that they are the same as `pg` gives with the settings of this house. */
export function decoderOf(typeId: number): Decode {
  return decoders.get(typeId) ?? (text => text)
}

function decodeBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'))
}

const instantPattern = /^(\d{4,})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([+-])(\d\d)(?::?(\d\d))?)?( BC)?$/

/** A Date counts milliseconds; the finer digits are cut off. Without an offset the text means this machine's zone. */
function decodeInstant(text: string): Date | number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY
  if (text === '-infinity') return Number.NEGATIVE_INFINITY
  const match = instantPattern.exec(text)
  if (match === null) return new Date(Number.NaN)
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number)
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const date = new Date(0)
  const commonYear = match[11] === undefined ? year : 1 - year
  if (match[8] === undefined) {
    date.setFullYear(commonYear, month - 1, day)
    date.setHours(hour, minute, second, milliseconds)
    return date
  }
  date.setUTCFullYear(commonYear, month - 1, day)
  date.setUTCHours(hour, minute, second, milliseconds)
  const offsetMinutes = Number(match[9]) * 60 + Number(match[10] ?? 0)
  return new Date(date.getTime() - (match[8] === '-' ? -1 : 1) * offsetMinutes * 60_000)
}

/** Reads the text of an array: `{a,"b c",NULL,{…}}`, perhaps with its bounds in front. */
function decodeArray(text: string, decode: Decode): unknown[] {
  const open: unknown[][] = []
  const token = /([{}])|"((?:[^"\\]|\\.)*)"|([^{},"]+)/gs
  token.lastIndex = text.indexOf('{')
  let outermost: unknown[] = []
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [, brace, quoted, bare] = match
    const current = open.at(-1)
    if (brace === '{') {
      const items: unknown[] = []
      current?.push(items)
      open.push(items)
      if (current === undefined) outermost = items
    } else if (brace === '}') open.pop()
    else if (quoted !== undefined) current?.push(decode(quoted.replace(/\\(.)/gs, '$1')))
    else if (bare !== undefined) current?.push(bare === 'NULL' ? null : decode(bare))
  }
  return outermost
}

export interface PlacedKey {
  readonly namespace: string | undefined
  readonly key: string
}

const count = 100_000

/** Separators and escapes of key formats, look-alikes of Unicode, names of every object, and halves of characters. */
const pieces = [
  ...[':', '::', '/', '|', '~', '%', '%3A', '\\', '\\u', '\\ud800', '{', '}', '*', '?', '[', ']', '"', "'", ',', '.'],
  ...[
    'a',
    'A',
    'b',
    '0',
    '7',
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\u0000',
    '\u0001',
    '\u007f',
    '\u00a0',
    '\u200b',
    '\ufeff',
  ],
  ...['é', 'e\u0301', 'ﬁ', 'fi', 'K', 'K', 'ß', 'ss', 'İ', 'i', 'ı', '\ufffd', '\uffff', '😀', '👩‍💻'],
  ...['\ud800', '\ud801', '\udbff', '\udc00', '\udfff', '\ude00\ud83d'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'null',
    'undefined',
    'true',
    'NaN',
    '1e3',
    '1000',
    '-0',
    's1',
    'n4',
    '|s1',
  ],
]
const spaceNames = ['a', 'b', 'a:b', 'a/b', 'A', 'a%', '%', 'é', 'e\u0301', 'tags', 'defects']

/** Different keys, made to collide. */
export function hostileKeys(withNamespaces: boolean): readonly PlacedKey[] {
  const found = new Map<string, PlacedKey>()
  const add = (key: string, namespace?: string) => {
    if (key !== '' && found.size < count) found.set(JSON.stringify([namespace, escaped(key)]), { namespace, key })
  }
  for (const piece of pieces) add(piece)
  for (const unit of range(0xd800, 0xe000)) add(String.fromCharCode(unit))
  for (const one of pieces) for (const other of pieces) add(one + other)
  // Long ones that differ in one place alone.
  for (const length of range(190, 260)) {
    add('x'.repeat(length))
    add(`${'x'.repeat(length)}\ud800`)
    add(`${'x'.repeat(length)}\udfff`)
  }
  for (const index of range(0, 500)) add(`${'y'.repeat(5000)}${index}`)
  if (withNamespaces) {
    for (const name of spaceNames) {
      for (const piece of pieces) add(piece, name)
      for (const other of spaceNames) {
        add(`${name}:${other}`)
        add(`${name}/${other}`)
        add(`${other}:key`, name)
        add(`${name}:${other}:key`)
        add('key', name)
        add('key', `${name}:${other}`)
      }
    }
  }
  for (const one of pieces) for (const two of pieces) for (const three of pieces) add(one + two + three)
  return [...found.values()]
}

/** JSON would write two lone surrogates apart, but an unpaired half after an escape alike: units are unmistakable. */
function escaped(text: string): string {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index).toString(36)).join()
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

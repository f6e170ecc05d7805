import fc from 'fast-check'
import { promptHash } from 'reprise/llm'
import { describe, expect, test } from 'vitest'

const denied = ['stream', 'stream_options', 'user', 'metadata']

/** JSON written by hand, so that numbers, order and doubled names are exactly as drawn. */
type Written =
  | { readonly kind: 'atom'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Written[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [name: string, value: Written])[] }

const number = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }).map(String),
  fc.constantFrom('1', '1.0', '1e0', '-0', '0', '0.1', '0.10000000000000000000000000001', '10E-1'),
)
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '\ud800', '"\\@', 'é'))
const name = fc.oneof(text, fc.constantFrom('model', 'messages', 'temperature', 'tools', 'stream', 'user'))
const { value } = fc.letrec<{ value: Written; list: Written; object: Written }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc
      .oneof(
        number,
        fc.constantFrom('true', 'false', 'null'),
        text.map(drawn => JSON.stringify(drawn)),
      )
      .map((written): Written => ({ kind: 'atom', text: written })),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }).map(items => ({ kind: 'list', items })),
  object: members(tie('value')).map(drawn => ({ kind: 'object', members: drawn })),
}))

function members(of: fc.Arbitrary<Written>) {
  return fc.uniqueArray(fc.tuple(name, of), { maxLength: 5, selector: ([drawn]) => drawn })
}

const body = members(value).map(drawn => drawn.filter(([drawnName]) => !denied.includes(drawnName)))

function write(written: Written, gap = ''): string {
  if (written.kind === 'atom') return written.text
  if (written.kind === 'list')
    return `[${gap}${written.items.map(item => write(item, gap)).join(`${gap},${gap}`)}${gap}]`
  return writeObject(written.members, gap)
}

function writeObject(drawn: readonly (readonly [string, Written])[], gap = ''): string {
  const each = drawn.map(([drawnName, inner]) => `${gap}${JSON.stringify(drawnName)}${gap}:${gap}${write(inner, gap)}`)
  return `${gap}{${each.join(',')}${gap}}${gap}`
}

/** Two bodies mean the same when they are the same but for the order of names. */
function meaning(written: Written): string {
  if (written.kind === 'atom') return written.text
  if (written.kind === 'list') return `[${written.items.map(meaning).join(',')}]`
  const each = written.members.map(([drawnName, inner]) => `${JSON.stringify(drawnName)}:${meaning(inner)}`)
  return `{${each.sort().join(',')}}`
}

function shuffled(written: Written): Written {
  if (written.kind === 'atom') return written
  if (written.kind === 'list') return { kind: 'list', items: written.items.map(shuffled) }
  return {
    kind: 'object',
    members: written.members.toReversed().map(([drawnName, inner]) => [drawnName, shuffled(inner)] as const),
  }
}

function hashOf(body: string | Uint8Array): string | undefined {
  return promptHash(typeof body === 'string' ? Buffer.from(body) : body)
}

describe('D1 the hash of a request', () => {
  test('is alike for bodies that differ in nothing but order, space and the names that do not count', () => {
    const extras = fc.uniqueArray(fc.tuple(fc.constantFrom(...denied), value), { selector: ([drawn]) => drawn })
    fc.assert(
      fc.property(body, extras, fc.constantFrom('', ' ', '\n', '\t\r '), (drawn, more, gap) => {
        const other = shuffled({ kind: 'object', members: drawn })
        if (other.kind !== 'object') throw new Error('an object stays one')
        const plain = hashOf(writeObject(drawn))
        expect(plain).toMatch(/^[0-9a-f]{64}$/)
        expect(hashOf(writeObject([...other.members, ...more], gap))).toBe(plain)
      }),
      { numRuns: 400 },
    )
  })

  test('differs for any two bodies that differ in anything else', () => {
    fc.assert(
      fc.property(body, body, (one, other) => {
        const [first, second] = [one, other].map(drawn => meaning({ kind: 'object', members: drawn }))
        expect(hashOf(writeObject(one)) === hashOf(writeObject(other))).toBe(first === second)
      }),
      { numRuns: 600 },
    )
  })

  test('differs when one member of a body is changed, wherever it lies', () => {
    fc.assert(
      fc.property(body, fc.nat(), value, (drawn, seed, replacement) => {
        fc.pre(drawn.length > 0)
        const at = seed % drawn.length
        const changed = drawn.map(
          ([drawnName, inner], index) => [drawnName, index === at ? replacement : inner] as const,
        )
        const isSame = meaning({ kind: 'object', members: drawn }) === meaning({ kind: 'object', members: changed })
        expect(hashOf(writeObject(drawn)) === hashOf(writeObject(changed))).toBe(isSame)
      }),
      { numRuns: 400 },
    )
  })

  test('reads names however they are escaped, and inner names that only look alike', () => {
    expect(hashOf(String.raw`{"a":1,"str\u0065am":true}`)).toBe(hashOf('{"a":1}'))
    expect(hashOf('{"a":{"stream":true}}')).not.toBe(hashOf('{"a":{}}'))
    expect(hashOf(String.raw`{"a":"\u00e9\/"}`)).toBe(hashOf('{"a":"é/"}'))
  })

  test('tells files apart by their content, and from texts that look like their hash', () => {
    const file = (fill: string) => `{"url":"data:image/png;base64,${fill.repeat(2_000)}"}`
    expect(hashOf(file('A'))).not.toBe(hashOf(file('B')))
    expect(hashOf(file('A'))).not.toBe(hashOf(file('A').replace('png', 'gif')))
    expect(hashOf(file('A'))).toBe(hashOf(file('A').replace('data:', String.raw`data\u003a`)))
  })

  test('is none where a body can be read in several ways or in none', () => {
    const bad = ['', '[]', '"a"', '{', '{"a":1', '{"a":01}', '{"a":+1}', '{"a":.5}', '{"a":1,}', '{"a" 1}', '{a:1}']
    for (const text of [
      ...bad,
      '{"a":1}x',
      '{"a":"\n"}',
      '{"a":"\\x"}',
      "{'a':1}",
      '{"a":nul}',
      '{"a":1,"a":1}',
      '\ufeff{}',
    ])
      expect(hashOf(text), text).toBeUndefined()
    expect(hashOf(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBeUndefined()
    expect(hashOf(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toBeUndefined()
    expect(hashOf(`{"a":${'['.repeat(400)}${']'.repeat(400)}}`)).toBeDefined()
  })

  test('of an inner object keeps a name that comes twice', () => {
    const [once, twice, other] = ['{"a":{"b":2}}', '{"a":{"b":1,"b":2}}', '{"a":{"b":2,"b":1}}'].map(hashOf)
    expect(new Set([once, twice, other]).size).toBe(3)
  })
})

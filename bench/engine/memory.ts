import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Effort } from '../measure/effort.ts'
import { type Answer, type Bar, figure } from '../measure/report.ts'
import { inTurn, median } from '../measure/rounds.ts'
import type { MemoryFigures } from './memory-contender.ts'

const run = promisify(execFile)
const contenderScript = fileURLToPath(new URL('memory-contender.ts', import.meta.url))
const peer = 'lru-cache'
const ours = 'reprise'
const contenders = [peer, ours, 'reprise lru']
const variants = ['plain', 'ttl'] as const
const sizes = [10_000, 100_000, 1_000_000, 10_000_000]
/** Large caches take minutes a round, and what they cost is hardly a matter of chance. */
const fewerRoundsFrom = 1_000_000
const operations = 1_000_000

interface Row extends MemoryFigures {
  readonly entries: number
  readonly variant: (typeof variants)[number]
  readonly contender: string
}

/** What a get, a replay and an entry cost beside lru-cache, from ten thousand entries to ten million. */
export async function memoryQuestion({ rounds }: Pick<Effort, 'rounds'>): Promise<Answer> {
  const measured: Row[] = []
  for (const entries of rounds === 1 ? sizes.slice(0, 2) : sizes) {
    const turns = variants.flatMap(variant =>
      contenders.map(contender => async () => {
        measured.push({ entries, variant, contender, ...(await measure(contender, entries, variant)) })
      }),
    )
    await inTurn(entries < fewerRoundsFrom ? rounds : Math.ceil((rounds * fewerRoundsFrom) / entries / 2), turns)
  }
  const rows = medianRows(measured)
  return {
    title: 'What the memory cache costs beside lru-cache',
    method:
      'Each cache in a process of its own, full of string keys. Get: a random key that is there. Replay: a get of skewed ' +
      'requests over 1.25 times as many keys, and a set where nothing was found. Nanoseconds of processor time of the ' +
      'thread; bytes without keys and values.',
    columns: ['entries', 'set up', 'cache', 'get, ns', 'replay, ns', 'bytes an entry'],
    rows: rows.map(({ entries, variant, contender, getNs, replayNs, bytesPerEntry }) => [
      figure(entries),
      variant,
      contender,
      figure(getNs),
      figure(replayNs),
      figure(bytesPerEntry),
    ]),
    bars: barsOf(rows),
  }
}

async function measure(contender: string, entries: number, variant: Row['variant']): Promise<MemoryFigures> {
  const flags = ['--expose-gc', '--max-old-space-size=12000']
  const { stdout } = await run(process.execPath, [
    ...flags,
    contenderScript,
    contender,
    `${entries}`,
    `${operations}`,
    variant,
  ])
  // The program prints just these figures.
  return JSON.parse(stdout) as MemoryFigures
}

function medianRows(measured: readonly Row[]): Row[] {
  const groups = Map.groupBy(measured, ({ entries, variant, contender }) => `${entries} ${variant} ${contender}`)
  return [...groups.values()]
    .flatMap(group => {
      const [first] = group
      if (first === undefined) return []
      const middle = (field: keyof MemoryFigures) => median(group.map(row => row[field]))
      return [
        { ...first, getNs: middle('getNs'), replayNs: middle('replayNs'), bytesPerEntry: middle('bytesPerEntry') },
      ]
    })
    .sort((one, other) => one.entries - other.entries || one.variant.localeCompare(other.variant))
}

function barsOf(rows: readonly Row[]): Bar[] {
  const find = (entries: number, variant: string, contender: string) =>
    rows.find(row => row.entries === entries && row.variant === variant && row.contender === contender)
  /** Of the peer's figure and ours, at each size and set-up. */
  const compare = (of: (peers: Row, own: Row) => number) =>
    rows
      .filter(({ contender }) => contender === ours)
      .map(own => {
        const other = find(own.entries, own.variant, peer)
        return {
          label: `${figure(own.entries)} ${own.variant}`,
          ratio: other === undefined ? Number.NaN : of(other, own),
        }
      })
  const shown = (ratios: ReturnType<typeof compare>) =>
    ratios.map(({ label, ratio }) => `${ratio.toFixed(2)} (${label})`).join(', ')
  const smallest = (row: Row) => find(sizes[0] ?? 0, row.variant, row.contender)?.getNs ?? Number.NaN
  const bend = (row: Row) => row.getNs / smallest(row)
  const added = (row: Row) => row.getNs - smallest(row)
  const gets = compare((other, own) => other.getNs / own.getNs)
  const replays = compare((other, own) => other.replayNs / own.replayNs)
  const bytes = compare((other, own) => own.bytesPerEntry / other.bytesPerEntry)
  const bends = compare((other, own) => bend(own) / bend(other)).slice(variants.length)
  // A cache that is quicker while small bends more by factor for the same ns that are added: both are shown.
  const additions = compare((other, own) => added(own) / added(other)).slice(variants.length)
  return [
    {
      promise: 'a get is at least 1.0 × as fast as lru-cache’s',
      found: shown(gets),
      isMet: gets.every(({ ratio }) => ratio >= 1),
    },
    {
      promise: 'a replay is at least 1.0 × as fast as lru-cache’s',
      found: shown(replays),
      isMet: replays.every(({ ratio }) => ratio >= 1),
    },
    {
      promise: 'at most 1.1 × lru-cache’s bytes an entry',
      found: shown(bytes),
      isMet: bytes.every(({ ratio }) => ratio <= 1.1),
    },
    {
      promise: 'from 10,000 entries on, a get grows by at most the factor of lru-cache’s (that as 1)',
      found: `${shown(bends)}; in ns added ${shown(additions)}`,
      isMet: bends.every(({ ratio }) => ratio <= 1),
    },
  ]
}

import type { Effort } from '../measure/effort.ts'
import type { Answer, Bar } from '../measure/report.ts'
import { beladyHitRatio } from './traces-belady.ts'
import { byBytes, byEntries, type Contender, ours } from './traces-contenders.ts'
import { readTrace, type Trace } from './traces-files.ts'

const names = ['web12', 'scarab-recs', 'sprite', 'multi3', 'loop', 'adaptsize']
const sharesOfKeys = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25]
const sharesOfBytes = [0.001, 0.01, 0.1]
const fewestEntries = 100

interface Ratios {
  /** Hits by requests, in percent. */
  readonly objects: number
  /** Hits by the bytes asked for, in percent. */
  readonly bytes: number
}

interface Row {
  readonly label: string
  readonly ratios: Readonly<Record<string, number>>
  /** In percent. */
  readonly best: number | undefined
}

/** Hit ratios of caches bounded by entries on recorded requests. */
export async function tracesQuestion({ data }: Pick<Effort, 'data'>): Promise<Answer> {
  const rows = names
    .map(name => readTrace(data, name))
    .flatMap(trace =>
      sharesOfKeys
        .map(share => Math.floor(trace.keys * share))
        .filter(entries => entries >= fewestEntries)
        .map(entries => rowByEntries(trace, entries)),
    )
  return {
    title: 'What is found of recorded requests, in caches bounded by entries',
    method:
      'Each request is a get, and a set where nothing was found. Hits in percent of requests; string keys; OPT is ' +
      'Belady’s, which knows the future; the last column is how much of the way from lru-cache to OPT Reprise goes.',
    columns: ['trace, entries', ...Object.keys(byEntries), 'OPT', 'LRU → OPT'],
    rows: rows.map(cellsByEntries),
    bars: barsOf(rows, Object.keys(byEntries)),
  }
}

/** Hit ratios of caches bounded by bytes, on requests for objects of known size. */
export async function sizedTracesQuestion({ data }: Pick<Effort, 'data'>): Promise<Answer> {
  const trace = readTrace(data, 'adaptsize')
  const contenders = Object.keys(byBytes)
  const rows = sharesOfBytes.flatMap(share => rowsByBytes(trace, share))
  return {
    title: 'What is found of recorded requests, in caches bounded by bytes',
    method:
      'As before, with the bytes of each object. Hits in percent of requests, and in percent of the bytes asked for.',
    columns: ['adaptsize, share of all bytes', ...contenders],
    rows: rows.map(({ label, ratios }) => [label, ...contenders.map(name => percent(ratios[name]))]),
    bars: ['objects', 'bytes'].flatMap(unit =>
      barsOf(
        rows.filter(({ label }) => label.endsWith(unit)),
        contenders,
        ` (by ${unit})`,
      ),
    ),
  }
}

function rowByEntries(trace: Trace, entries: number): Row {
  const found = Object.entries(byEntries).map(([name, open]) => [name, replay(trace, open(entries)).objects] as const)
  return {
    label: `${trace.name}, ${entries}`,
    ratios: Object.fromEntries(found),
    best: beladyHitRatio(trace, entries) * 100,
  }
}

function rowsByBytes(trace: Trace, share: number): Row[] {
  const bound = Math.floor(trace.bytes * share)
  const found = Object.entries(byBytes).map(([name, open]) => [name, replay(trace, open(bound))] as const)
  return (['objects', 'bytes'] as const).map(unit => ({
    label: `${share * 100} %, by ${unit}`,
    ratios: Object.fromEntries(found.map(([name, ratios]) => [name, ratios[unit]])),
    best: undefined,
  }))
}

function replay({ requests }: Trace, cache: Contender): Ratios {
  let [hits, bytesHit, bytesAsked] = [0, 0, 0]
  for (const { key, bytes } of requests) {
    bytesAsked += bytes
    if (cache.has(key)) {
      hits += 1
      bytesHit += bytes
    } else cache.add(key, bytes)
  }
  cache.close?.()
  return { objects: (hits / requests.length) * 100, bytes: (bytesHit / bytesAsked) * 100 }
}

function cellsByEntries({ label, ratios, best = Number.NaN }: Row): string[] {
  const [own = 0, lru = 0] = [ratios[ours], ratios['lru-cache']]
  const closed = best - lru < 0.005 ? '–' : `${(((own - lru) / (best - lru)) * 100).toFixed(0)} %`
  return [label, ...Object.keys(byEntries).map(name => percent(ratios[name])), percent(best), closed]
}

function barsOf(rows: readonly Row[], contenders: readonly string[], unit = ''): Bar[] {
  const peers = contenders.filter(name => name !== ours)
  const mean = (figures: readonly number[]) => figures.reduce((sum, one) => sum + one, 0) / figures.length
  const meanOf = (name: string) => mean(rows.map(({ ratios }) => ratios[name] ?? 0))
  const regrets = rows.map(({ ratios }) => Math.max(...peers.map(name => ratios[name] ?? 0)) - (ratios[ours] ?? 0))
  const [worst, regret] = [Math.max(...regrets), mean(regrets.map(one => Math.max(0, one)))]
  return [
    {
      promise: `never more than 2 points under the best peer${unit}`,
      found: `at worst ${worst.toFixed(2)}`,
      isMet: worst <= 2,
    },
    {
      promise: `a mean regret to the best peer of at most 0.5 points${unit}`,
      found: regret.toFixed(2),
      isMet: regret <= 0.5,
    },
    {
      promise: `above each peer on the mean${unit}`,
      found: contenders.map(name => `${name} ${percent(meanOf(name))}`).join(', '),
      isMet: peers.every(name => meanOf(name) < meanOf(ours)),
    },
  ]
}

function percent(ratio: number | undefined): string {
  return ratio === undefined ? '–' : ratio.toFixed(2)
}

import { readFileSync, writeFileSync } from 'node:fs'

// Writes the table of peers in README.md anew from the figures of docs/benchmarks.md: node scripts/write-peers-doc.ts
// What was not measured has no row. With --check nothing is written, and a table that differs is a failure.
const benchmarks = readFileSync(new URL('../docs/benchmarks.md', import.meta.url), 'utf8')
const page = new URL('../README.md', import.meta.url)
const [begin, end] = ['<!-- peers -->', '<!-- /peers -->']

/** One question: a column of a section's table, the row of Reprise, and the rows of its peers. */
interface Question {
  readonly section: string
  readonly what: string
  readonly column: string
  readonly ours: string
  readonly peers: readonly string[]
}

const questions: readonly Question[] = [
  {
    section: 'engine hit',
    what: 'a hit in memory by `getOrSet`, ns',
    column: 'ns a hit',
    ours: 'Reprise',
    peers: ['bentocache', 'cacheable'],
  },
  {
    section: 'engine redis',
    what: 'hits in Redis, a second',
    column: 'calls a second',
    ours: 'Reprise, get',
    peers: ['bare client, GET'],
  },
  {
    section: 'gateway exact-hit',
    what: 'hits of the gateway, a second',
    column: 'requests/s',
    ours: 'gateway, 1 kB',
    peers: ['Portkey’s gateway, passing through, 1 kB', 'bare Fastify handler, 1 kB'],
  },
  {
    section: 'gateway in-process',
    what: 'a kept answer before the AI SDK, µs',
    column: 'µs an answer',
    ours: 'AI SDK: reprise/ai-sdk',
    peers: ['AI SDK: its recipe, over a Map'],
  },
  {
    section: 'gateway in-process',
    what: 'a kept answer before LangChain.js, µs',
    column: 'µs an answer',
    ours: 'LangChain.js: reprise/langchain',
    peers: ['LangChain.js: its InMemoryCache'],
  },
  {
    section: 'http proxy',
    what: 'hits of the caching proxy, a second',
    column: 'hits a second',
    ours: 'reprise proxy',
    peers: ['nginx, proxy_cache, one worker'],
  },
  {
    section: 'chat post',
    what: 'messages saved over HTTP, a second',
    column: '1,000 conversations',
    ours: 'Reprise, messages/s',
    peers: ['pgbench, one statement, messages/s', 'pgbench, five statements, messages/s'],
  },
]

const rows = [...questions.map(rowOf), traces(), defects()].filter(row => row !== undefined)
const table = ['| measured | Reprise | beside it | by |', '|---|---:|---|---|', ...rows].join('\n')
const present = readFileSync(page, 'utf8')
const wanted = `${present.split(begin)[0]}${begin}\n${table}\n${end}${present.split(end)[1]}`

if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (present !== wanted) {
  console.error('README.md differs from docs/benchmarks.md: node scripts/write-peers-doc.ts')
  process.exitCode = 1
}

function rowOf({ section, what, column, ours, peers }: Question): string | undefined {
  const [head = [], , ...body] = tableOf(section)
  const place = head.indexOf(column)
  const figureOf = (name: string) => body.find(([first]) => first === name)?.[place]?.replace(/ \(.*\)/, '')
  const own = figureOf(ours)
  const others = peers.flatMap(peer => {
    const figure = figureOf(peer)
    return figure === undefined ? [] : [`${peer.replace(/, messages\/s$/, '').replace(/^[^:]+: /, '')} ${figure}`]
  })
  if (own === undefined || others.length === 0) return undefined
  return line(what, own, others.join(' · '), section)
}

/** The mean over all recorded traces, as its section judges it. */
function traces(): string | undefined {
  const [, found = ''] = /above each peer on the mean; found (.*)/.exec(sectionOf('engine traces')) ?? []
  const [own, ...peers] = found.split(', ')
  if (own === undefined || peers.length === 0) return undefined
  const figure = own.replace('reprise ', '')
  return line('hits of recorded requests, %, mean of 27 caches', figure, peers.join(' · '), 'engine traces')
}

/** How many of the scenarios each library passes, of those that concern it. */
function defects(): string | undefined {
  const [head = [], , ...body] = tableOf('defects')
  const passes = head.slice(1).map((library, index) => {
    const cells = body.map(row => row[index + 1] ?? '').filter(cell => !cell.startsWith('n/a'))
    return `${library.replace(/ [\d.]+$/, '')} ${cells.filter(cell => cell.startsWith('pass')).length} of ${cells.length}`
  })
  const [own, ...peers] = passes
  if (own === undefined) return undefined
  return line('scenarios of defects passed', own.replace('reprise ', ''), peers.join(' · '), 'defects')
}

function line(what: string, own: string, others: string, section: string): string {
  return `| ${what} | ${own} | ${others} | \`npm run bench -- ${section}\` |`
}

function sectionOf(name: string): string {
  return benchmarks.split(`<!-- bench ${name} -->`)[1]?.split(`<!-- /bench ${name} -->`)[0] ?? ''
}

function tableOf(section: string): readonly (readonly string[])[] {
  const lines = sectionOf(section).match(/^\|.*\|$/gm) ?? []
  return lines.map(text =>
    text
      .slice(1, -1)
      .split(' | ')
      .map(cell => cell.trim()),
  )
}

import { parseArgs } from 'node:util'
import { benchChat } from './chat/chat.ts'
import { benchDefects } from './defects/defects.ts'
import { benchEngine } from './engine/engine.ts'
import { benchGateway } from './gateway/gateway.ts'
import { benchHttp } from './http/http.ts'
import { describeMachine } from './measure/machine.ts'
import { markdownOf, writeSection } from './measure/report.ts'
import { benchObserve } from './observe/observe.ts'
import { benchScale } from './scale/scale.ts'

const usage = `npm run bench -- chat|engine|defects|gateway|observe|scale|http [question…] [--quick] [--write] [--data DIRECTORY]

  chat       guest chat: post, get, embedder, growth; all of them when none is named
  engine     the cache engine: memory, traces, sized-traces, hit, metrics, redis, outage, stampede; all of them when none is named
  defects    defects that caches have, played against Reprise and its peers; all, or those named by a part of their name
  gateway    models behind the server: exact-hit, in-process, miss, followers, embedding, local-model, recall-quality; all of them when none is named
  observe    observed pools and statements: checkout, query; both when none is named
  http       the HTTP cache: middleware, proxy, urls; all of them when none is named
  scale      many processes, too many requests, starting: workers, overload, start; all of them when none is named
  --quick    one short round each, to see that it runs; its figures mean nothing
  --write    put the figures into docs/benchmarks.md, each in the place of its earlier ones; not with --quick
  --data     where recorded requests lie, for the questions that replay them
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    data: { type: 'string' },
  },
})
const [subject, ...questions] = positionals
const subjects = {
  chat: benchChat,
  engine: benchEngine,
  defects: benchDefects,
  gateway: benchGateway,
  observe: benchObserve,
  scale: benchScale,
  http: benchHttp,
}
if (subject === undefined || !(subject in subjects) || (values.quick && values.write)) {
  process.stderr.write(usage)
  process.exit(2)
}
// Just seen to be one of the names.
const bench = subjects[subject as keyof typeof subjects]

const times = values.quick ? { rounds: 1, seconds: 2, warmUpSeconds: 1 } : { rounds: 5, seconds: 5, warmUpSeconds: 2 }
const effort = { ...times, data: values.data }
const machine = describeMachine()
process.stderr.write(`${machine}\n`)
for await (const { question, ...answer } of bench(questions, effort)) {
  const section = `${subject} ${question}`.trim()
  // What a library gets right or wrong is played once.
  const rounds = subject === 'defects' ? '' : `; medians of ${effort.rounds} rounds, contenders in turn`
  const circumstances = `\`npm run bench -- ${section}\` on ${machine}${rounds}.`
  const text = `${markdownOf(answer)}\n${circumstances}\n`
  process.stdout.write(`${text}\n`)
  if (values.write) writeSection(section, text)
}

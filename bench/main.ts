import { parseArgs } from 'node:util'
import { benchChat } from './chat/chat.ts'
import { describeMachine } from './measure/machine.ts'
import { markdownOf, writeSection } from './measure/report.ts'

const usage = `npm run bench -- chat [question…] [--quick] [--write]

  chat       guest chat: post, get, embedder, growth; all of them when none is named
  --quick    one short round each, to see that it runs; its figures mean nothing
  --write    put the figures into docs/benchmarks.md, each in the place of its earlier ones; not with --quick
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
})
const [subject, ...questions] = positionals
if (subject !== 'chat' || (values.quick && values.write)) {
  process.stderr.write(usage)
  process.exit(2)
}

const effort = values.quick ? { rounds: 1, seconds: 2, warmUpSeconds: 1 } : { rounds: 5, seconds: 5, warmUpSeconds: 2 }
const machine = describeMachine()
process.stderr.write(`${machine}\n`)
for await (const { question, ...answer } of benchChat(questions, effort)) {
  const command = `npm run bench -- ${subject} ${question}`
  const circumstances = `\`${command}\` on ${machine}; medians of ${effort.rounds} rounds, contenders in turn.`
  const text = `${markdownOf(answer)}\n${circumstances}\n`
  process.stdout.write(`${text}\n`)
  if (values.write) writeSection(`${subject} ${question}`, text)
}

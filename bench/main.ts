import { parseArgs } from 'node:util'
import { benchChat } from './chat/chat.ts'
import { describeMachine } from './measure/machine.ts'
import { markdownOf, writeSection } from './measure/report.ts'

const usage = `npm run bench -- chat [question…] [--quick] [--write]

  chat       guest chat: post, get, embedder, growth; all of them when none is named
  --quick    one short round each, to see that it runs; its figures mean nothing
  --write    put the figures into docs/benchmarks.md
`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
})
const [subject, ...questions] = positionals
if (subject !== 'chat') {
  process.stderr.write(usage)
  process.exit(2)
}

const effort = values.quick ? { rounds: 1, seconds: 2, warmUpSeconds: 1 } : { rounds: 5, seconds: 5, warmUpSeconds: 2 }
const machine = describeMachine()
process.stderr.write(`${machine}\n`)
const sections: string[] = []
for await (const answer of benchChat(questions, effort)) {
  const text = markdownOf(answer)
  process.stdout.write(`${text}\n`)
  sections.push(text)
}
if (values.write) {
  const command = `npm run bench -- ${positionals.join(' ')}`
  const heading = `## ${subject}\n\n\`${command}\` on ${machine}. Medians of ${effort.rounds} rounds, contenders in turn.\n`
  writeSection(positionals.join(' '), [heading, ...sections].join('\n'))
}

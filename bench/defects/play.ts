import { libraryOf } from './libraries.ts'
import { fail, type Verdict } from './scenario.ts'
import { scenarios } from './scenarios.ts'

// One scenario against one library: node bench/defects/play.ts SCENARIO LIBRARY
// Its verdict is sent to the program that started it, or printed. What escapes the library ends this process alone.
const [scenarioName = '', libraryName = ''] = process.argv.slice(2)
const scenario = scenarios.get(scenarioName)
if (scenario === undefined) throw new Error(`No such scenario. There are: ${[...scenarios.keys()].join(', ')}.`)
const { play, needs, limitMs = 60_000 } = scenario
const library = await libraryOf(libraryName)

const ends = new AsyncDisposableStack()
let isTold = false

process.on('uncaughtException', error => tell(fail(`an error escapes that would end the process: ${error.message}`)))
setTimeout(() => tell(fail(`hangs for more than ${limitMs / 1000} s`)), limitMs)

const missing = needs.filter(need => !library.abilities.has(need))
if (missing.length > 0) await tell({ kind: 'not applicable', word: `no ${missing.join(', ')}` })
else {
  const played = play(library, ends)
  await tell(await played.catch((error: unknown) => fail(`throws ${messageOf(error)}`)))
}

/** The first verdict counts: what a library does when its servers are taken away at the end is no part of it. */
async function tell(verdict: Verdict): Promise<void> {
  if (isTold) return
  isTold = true
  if (process.send === undefined) process.stdout.write(`${verdict.kind}${verdict.word && `: ${verdict.word}`}\n`)
  else process.send(verdict)
  await ends.disposeAsync()
  process.exit()
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Answer } from '../measure/report.ts'
import { libraries } from './libraries.ts'
import { fail, type Verdict } from './scenario.ts'
import { scenarios } from './scenarios.ts'

const signs = { pass: 'pass', fail: '**fail**', 'not applicable': 'n/a' } as const

/**
 * Plays every scenario against every library, each pair in a process of its own. Named libraries or scenarios (by any
 * part of their name) narrow it down.
 */
export async function* benchDefects(named: readonly string[]): AsyncGenerator<Answer & { readonly question: string }> {
  const libraryNames = chosen(Object.keys(libraries), named)
  const scenarioNames = chosen([...scenarios.keys()], named)
  const rows: string[][] = []
  const words: string[] = []
  let failures = 0
  for (const scenario of scenarioNames) {
    const row = [scenario]
    for (const library of libraryNames) {
      const verdict = await played(scenario, library)
      process.stderr.write(`${scenario}, ${library}: ${verdict.kind}${verdict.word && `, ${verdict.word}`}\n`)
      row.push(verdict.word === '' ? signs[verdict.kind] : `${signs[verdict.kind]}: ${verdict.word}`)
      if (library === 'reprise' && verdict.kind !== 'pass') failures += 1
    }
    rows.push(row)
    words.push(`- ${scenario}: ${scenarios.get(scenario)?.question ?? ''}`)
  }
  yield {
    question: '',
    title: 'Defects that caches have',
    method: `Each cell is one program.\n\n${words.join('\n')}`,
    columns: ['scenario', ...libraryNames.map(name => `${name} ${versionOf(name)}`)],
    rows,
    bars: [
      {
        promise: 'Reprise passes every scenario',
        found: `${scenarioNames.length - failures} of ${scenarioNames.length}`,
        isMet: failures === 0,
      },
    ],
  }
}

function chosen(names: readonly string[], named: readonly string[]): readonly string[] {
  const found = names.filter(name => named.some(part => name.includes(part)))
  return found.length > 0 ? found : names
}

function played(scenario: string, library: string): Promise<Verdict> {
  return new Promise(resolve => {
    const program = fileURLToPath(new URL('./play.ts', import.meta.url))
    const child = fork(program, [scenario, library], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    let verdict = fail('the process ends without a word')
    child.on('message', (told: Verdict) => {
      verdict = told
    })
    child.once('exit', () => resolve(verdict))
  })
}

function versionOf(library: string): string {
  const manifest = new URL(`../../node_modules/${library}/package.json`, import.meta.url)
  // A package's manifest has a version.
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version
}

import { readFileSync, writeFileSync } from 'node:fs'
import { type ErrorCode, errorCodes } from 'reprise'
import { statusOf } from '../server/src/http/problem.ts'

// Writes the table of docs/errors.md anew from the codes and their HTTP status: node scripts/write-errors-doc.ts
// The page itself is the home of the last column, which is kept; a new code gets an empty one, to be written by hand.
// With --check nothing is written, and a page that differs or lacks advice is a failure.
const page = new URL('../docs/errors.md', import.meta.url)
const [begin, end] = ['<!-- codes -->', '<!-- /codes -->']

const present = readFileSync(page, 'utf8')
const advice = new Map(
  [...present.matchAll(/^\| `(\w+)` \|.*\| ([^|]*) \|$/gm)].map(([, code, text = '']) => [code, text.trim()]),
)
const codes = (Object.keys(errorCodes) as ErrorCode[]).sort()
const meaningOf = (code: ErrorCode) => errorCodes[code].replaceAll('|', '\\|')
const rows = codes.map(code => `| \`${code}\` | ${statusOf[code]} | ${meaningOf(code)} | ${advice.get(code) ?? ''} |`)
const table = ['| code | HTTP | what it means | what to do |', '|---|---|---|---|', ...rows].join('\n')
const wanted = `${present.split(begin)[0]}${begin}\n${table}\n${end}${present.split(end)[1]}`

if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (present !== wanted || codes.some(code => !advice.get(code))) {
  console.error('docs/errors.md differs from the codes, or one has no advice: node scripts/write-errors-doc.ts')
  process.exitCode = 1
}

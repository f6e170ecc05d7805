import { readFileSync, writeFileSync } from 'node:fs'
import { metricFamilies } from 'reprise/prometheus'

// Writes the table of docs/metrics.md anew from the built table of families: node scripts/write-metrics-doc.ts
// With --check nothing is written, and a page that differs is a failure.
const page = new URL('../docs/metrics.md', import.meta.url)
const [begin, end] = ['<!-- families -->', '<!-- /families -->']

const rows = Object.values(metricFamilies).map(
  ({ name, type, labels, help }) =>
    `| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${help} |`,
)
const table = ['| name | type | labels | what it shows |', '|---|---|---|---|', ...rows].join('\n')
const present = readFileSync(page, 'utf8')
const wanted = `${present.split(begin)[0]}${begin}\n${table}\n${end}${present.split(end)[1]}`

if (!process.argv.includes('--check')) writeFileSync(page, wanted)
else if (present !== wanted) {
  console.error('docs/metrics.md differs from the table of families: node scripts/write-metrics-doc.ts writes it anew.')
  process.exitCode = 1
}

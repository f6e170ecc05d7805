import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { metricFamilies } from 'reprise/prometheus'
import { describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { requireBinary } from '../../../testbed/binaries.ts'
import { privateDirectory } from '../../../testbed/private-directory.ts'
import { blocksOf, readPage } from './pages.ts'

const rules = blocksOf(readPage('docs/operations.md')).find(({ language }) => language === 'yaml')?.text ?? ''

describe('the alerts of docs/operations.md', () => {
  it('ask for families that there are', () => {
    const known = new Set<string>(Object.values(metricFamilies).map(({ name }) => name))
    const asked = rules.match(/\b(?:reprise|db|cache)_[a-z_]+/g) ?? []
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.filter(name => !known.has(name.replace(/_bucket$/, '')))).toEqual([])
  })
})

describeWith(['promtool'], 'the alerts of docs/operations.md before promtool', () => {
  it('are rules that Prometheus takes', async () => {
    await using directory = await privateDirectory('alerts')
    const file = join(directory.path, 'rules.yaml')
    await writeFile(file, rules)
    expect(execFileSync(requireBinary('promtool'), ['check', 'rules', file], { encoding: 'utf8' })).toContain('SUCCESS')
  })
})

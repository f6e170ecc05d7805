import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { metricFamilies } from 'reprise/prometheus'
import { describe, expect, it } from 'vitest'
import { describeWith } from '../../../testbed/available.ts'
import { requireBinary } from '../../../testbed/binaries.ts'
import { readPage, root } from './pages.ts'

const directory = join(root, 'deploy/prometheus')
const rules = ['recording.yml', 'alerts.yml'].map(file => readFileSync(join(directory, file), 'utf8')).join('\n')

describe('the rules of deploy/prometheus', () => {
  it('ask for families that there are', () => {
    const known = new Set<string>(Object.values(metricFamilies).map(({ name }) => name))
    // Between colons stand the names of recorded figures.
    const asked = rules.replaceAll(/\w+:\w+:\w+/g, '').match(/\b(?:reprise|db|cache)_[a-z_]+/g) ?? []
    expect(asked.length).toBeGreaterThan(20)
    expect(asked.filter(name => !known.has(name.replace(/_bucket$/, '')))).toEqual([])
  })

  it('record each figure that an alert asks for', () => {
    const recorded = [...rules.matchAll(/record: (\S+)/g)].map(([, name]) => name)
    const asked = [...rules.matchAll(/expr: .*?(\w+:\w+:\w+)/g)].map(([, name]) => name)
    expect(asked.length).toBeGreaterThan(3)
    expect(asked.filter(name => !recorded.includes(name))).toEqual([])
  })

  it('stand in docs/operations.md, each alert with what it means', () => {
    const shown = [...readPage('docs/operations.md').matchAll(/^\| `(Reprise\w+)` \|/gm)].map(([, name]) => name)
    expect(shown).toEqual([...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name))
  })
})

it('docs/metrics.md asks for families that there are', () => {
  const known = new Set<string>(Object.values(metricFamilies).map(({ name }) => name))
  const questions = readPage('docs/metrics.md').split('## Questions')[1] ?? ''
  const asked = questions.match(/\b(?:reprise|db|cache)_[a-z_]+(?=[{[\s)])/g) ?? []
  expect(asked.length).toBeGreaterThan(15)
  expect(asked.filter(name => !known.has(name.replace(/_(?:bucket|sum|count)$/, '')))).toEqual([])
})

describeWith(['promtool'], 'the rules of deploy/prometheus before promtool', () => {
  const promtool = (...args: readonly string[]) =>
    execFileSync(requireBinary('promtool'), args, { cwd: directory, encoding: 'utf8' })

  it('are rules and a configuration that Prometheus takes', () => {
    expect(promtool('check', 'rules', 'recording.yml', 'alerts.yml')).not.toContain('FAILED')
    expect(promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS')
  })

  it('F7 fire for what they are about, and are silent otherwise', () => {
    expect(promtool('test', 'rules', 'rules.test.yml')).toContain('SUCCESS')
  })
})

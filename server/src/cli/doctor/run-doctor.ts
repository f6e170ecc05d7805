import { messageOf } from 'reprise'
import { effectiveSettings } from '../../config/effective-settings.ts'
import type { Settings } from '../../config/settings-table.ts'
import { version } from '../../version.ts'
import { exitCodes } from '../exit-codes.ts'
import { checkDataDirectory } from './check-data-directory.ts'
import { checkEmbedder, checkUpstreams } from './check-models.ts'
import { checkPostgres } from './check-postgres.ts'
import { checkRedis } from './check-redis.ts'
import { checkAccess, checkPort } from './check-settings.ts'
import { type Finding, failed, ok } from './finding.ts'

/** Tries everything, all at once, and prints what was found in the order in which a start would meet it. */
export async function runDoctor({ json }: { readonly json?: true }): Promise<void> {
  const findings: Finding[] = [ok('Node.js', `${process.versions.node} on ${process.platform}, ${process.arch}`)]
  try {
    const { settings, file, shown } = await effectiveSettings(process.env, process.cwd())
    const changed = shown.filter(({ from }) => from !== 'default').map(({ name }) => name)
    findings.push(ok('Configuration file', file ?? 'none'))
    findings.push(ok('Settings', changed.length === 0 ? 'all at their defaults' : `set: ${changed.join(', ')}`))
    findings.push(...(await Promise.all(checksOf(settings))).flat())
  } catch (error) {
    findings.push(failed('Settings', messageOf(error), 'Mend these first: without them nothing else can be tried.'))
  }
  const isBroken = findings.some(({ state }) => state === 'failed')
  if (isBroken) process.exitCode = exitCodes.failed
  process.stdout.write(
    json ? `${JSON.stringify({ version, ok: !isBroken, checks: findings }, undefined, 2)}\n` : text(findings),
  )
}

function checksOf(settings: Settings): readonly Promise<readonly Finding[]>[] {
  const { databaseUrl } = settings
  return [
    Promise.resolve(checkAccess(settings)),
    checkPort(settings).then(finding => [finding]),
    databaseUrl === undefined ? checkDataDirectory(settings) : checkPostgres(databaseUrl, settings),
    checkRedis(settings),
    checkUpstreams(settings),
    checkEmbedder(settings).then(finding => [finding]),
  ]
}

const marks = { ok: '✔', warning: '!', failed: '✘' } as const

function text(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const indent = ' '.repeat(width + 4)
  const lines = findings.flatMap(({ check, state, found, advice }) => [
    `${marks[state]} ${check.padEnd(width)}  ${found.replaceAll('\n', `\n${indent}`)}`,
    ...(advice === undefined ? [] : [`${indent}→ ${advice}`]),
  ])
  const count = (state: Finding['state']) => findings.filter(finding => finding.state === state).length
  return `${lines.join('\n')}\n\n${count('ok')} ok, ${count('warning')} warnings, ${count('failed')} failed\n`
}

import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { requireBinary } from '../../testbed/binaries.ts'

/** The machine and the versions that figures were found on, in one line. */
export function describeMachine(): string {
  const processors = cpus()
  const version = (binary: string, ...args: readonly string[]) =>
    /\d+(\.\d+)+/.exec(execFileSync(requireBinary(binary), args, { encoding: 'utf8' }))?.[0] ?? 'unknown'
  return [
    `${processors.length} cores (${processors[0]?.model.trim() ?? 'unknown'})`,
    `Node.js ${process.versions.node}`,
    `PostgreSQL ${version('postgres', '--version')} with its default settings (fsync on)`,
    `Redis ${version('redis-server', '--version')}`,
  ].join(', ')
}

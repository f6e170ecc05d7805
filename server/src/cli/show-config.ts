import { relative } from 'node:path'
import { effectiveSettings } from '../config/effective-settings.ts'
import { table } from './table.ts'

export interface ConfigOptions {
  readonly changed?: true
  readonly defaults?: true
  readonly json?: true
}

/** Prints the settings in force. */
export async function showConfig({ changed, defaults, json }: ConfigOptions): Promise<void> {
  const { file, shown } = await (defaults
    ? effectiveSettings({}, undefined)
    : effectiveSettings(process.env, process.cwd()))
  const chosen = changed ? shown.filter(({ from }) => from !== 'default') : shown
  if (json) {
    process.stdout.write(`${JSON.stringify({ file: file ?? null, settings: chosen }, undefined, 2)}\n`)
    return
  }
  const rows = chosen.map(({ name, value, from }) => ({
    setting: name,
    value: textOf(value),
    from: from === 'file' && file !== undefined ? relative(process.cwd(), file) : from,
  }))
  process.stdout.write(rows.length === 0 ? 'Nothing is set: all is at its default.\n' : table(rows))
}

function textOf(value: unknown): string {
  if (value === null) return '–'
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.join(',')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

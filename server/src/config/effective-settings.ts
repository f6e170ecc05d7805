import { type Environment, filledUp, isSet, readConfigFile } from './config-file.ts'
import { readSettings } from './settings.ts'
import { type Setting, type Settings, settingsTable } from './settings-table.ts'

/** One setting as it is in force, with nothing secret in it. */
export interface EffectiveSetting {
  readonly name: string
  /** What it is called in a configuration file. */
  readonly property: string
  readonly value: unknown
  readonly from: 'environment' | 'file' | 'default'
}

export interface EffectiveSettings {
  readonly settings: Settings
  /** The configuration file in use. */
  readonly file: string | undefined
  readonly shown: readonly EffectiveSetting[]
}

/**
 * The settings in force, and where each came from; without a directory no configuration file is looked for.
 * @throws RepriseError `invalid_setting` as `loadSettings` does
 */
export async function effectiveSettings(
  environment: Environment,
  directory: string | undefined,
): Promise<EffectiveSettings> {
  const file = directory === undefined ? undefined : await readConfigFile(environment, directory)
  const settings = readSettings(filledUp(environment, file))
  const values = new Map<string, unknown>(Object.entries(settings))
  const entries: readonly (readonly [string, Setting<unknown>])[] = Object.entries(settingsTable)
  return {
    settings,
    file: file?.path,
    shown: entries.map(([property, { name, kind }]) => ({
      name,
      property,
      value: kind.isSecret === true && values.get(property) !== undefined ? hidden : redacted(values.get(property)),
      from: isSet(environment, name) ? 'environment' : isSet(file?.variables ?? {}, name) ? 'file' : 'default',
    })),
  }
}

const hidden = '***'

/** A value without the passwords of its URLs and without keys, however deep they lie. */
function redacted(value: unknown, property = ''): unknown {
  if (value === undefined) return null
  if (/key|secret|password/i.test(property)) return hidden
  if (typeof value === 'string') return withoutPassword(value)
  if (Array.isArray(value)) return value.map(item => redacted(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redacted(inner, name)]))
}

/** A URL without its password, and without one among its parameters. */
function withoutPassword(text: string): string {
  const url = /^[a-z]+:\/\//i.test(text) ? URL.parse(text) : null
  if (url === null) return text
  const secrets = [...url.searchParams.keys()].filter(name => /key|secret|password|token/i.test(name))
  if (url.password === '' && secrets.length === 0) return text
  if (url.password !== '') url.password = hidden
  for (const name of secrets) url.searchParams.set(name, hidden)
  return url.href
}

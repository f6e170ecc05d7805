import { RepriseError } from 'reprise'
import { type Environment, filledUp, isSet, readConfigFile } from './config-file.ts'
import { isLoopback } from './loopback.ts'
import { type SettingFault, settingRules } from './setting-rules.ts'
import { type Setting, type Settings, settingsTable } from './settings-table.ts'

/**
 * Reads all settings once, at start.
 * @throws RepriseError `invalid_setting` that lists every fault with its name, its reason and an example
 * @example const settings = readSettings(process.env)
 */
export function readSettings(environment: Environment): Settings {
  const entries: readonly (readonly [string, Setting<unknown>])[] = Object.entries(settingsTable)
  const faults: SettingFault[] = []
  const given = new Map<string, unknown>()
  for (const [property, setting] of entries) {
    const text = environment[setting.name]?.trim()
    if (text === undefined || text === '') continue
    const reading = setting.kind.read(text)
    if (reading.kind === 'value') given.set(property, reading.value)
    else faults.push({ name: setting.name, reason: reading.reason, example: setting.example })
  }
  const host = given.get('host')
  const onLoopback = isLoopback(typeof host === 'string' ? host : settingsTable.host.whenUnset(true))
  const values = Object.fromEntries(
    entries.map(([property, setting]) => [property, given.get(property) ?? setting.whenUnset(onLoopback)]),
  )
  // Each property holds what its own kind read or its own default, which is what Settings says of it.
  const settings = Object.freeze(values) as Settings
  const broken = settingRules.flatMap(rule => rule(settings, name => isSet(environment, name)) ?? [])
  const all = [...faults, ...broken.filter(fault => !faults.some(({ name }) => name === fault.name))]
  if (all.length === 0) return settings
  throw new RepriseError('invalid_setting', describe(all), { field: all.map(({ name }) => name).join(',') })
}

/** The same with a configuration file of `directory`, where there is one; the environment goes before it. */
export async function loadSettings(environment: Environment, directory: string): Promise<Settings> {
  return readSettings(filledUp(environment, await readConfigFile(environment, directory)))
}

function describe(faults: readonly SettingFault[]): string {
  const count = faults.length === 1 ? 'One setting cannot be used' : `${faults.length} settings cannot be used`
  const lines = faults.map(({ name, reason, example }) => `  ${name}: ${reason}. Example: ${name}=${example}`)
  return `${count}:\n${lines.join('\n')}`
}

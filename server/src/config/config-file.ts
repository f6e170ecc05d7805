import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, RepriseError } from 'reprise'
import { type Settings, settingsTable } from './settings-table.ts'

/** The variables of a process, such as `process.env`. An empty text counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What a configuration file may hold: every setting by its property, such as `databaseUrl` for `DATABASE_URL`. The
 * environment goes before it.
 */
export type Config = { readonly [Key in keyof Settings]?: NonNullable<Settings[Key]> }

/** Where a configuration file is looked for, in the working directory, unless `REPRISE_CONFIG` names one. */
export const configFileNames = [
  'reprise.config.ts',
  'reprise.config.mts',
  'reprise.config.js',
  'reprise.config.mjs',
  'reprise.config.json',
]

/** What a configuration file says, as the environment would: texts by the names of their variables. */
export interface ConfigFile {
  readonly path: string
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Reads the configuration file that `REPRISE_CONFIG` names or that lies in the directory; undefined where there is none.
 * @throws RepriseError `invalid_setting` when the file cannot be read or names what is no setting
 */
export async function readConfigFile(environment: Environment, directory: string): Promise<ConfigFile | undefined> {
  const path = configFileOf(environment, directory)
  if (path === undefined) return undefined
  const config = await readConfig(path)
  const entries = Object.entries(config).map(([property, value]) => [
    nameOf(property, path),
    textOf(property, value, path),
  ])
  return { path, variables: Object.fromEntries(entries) }
}

/** The environment, filled up with what the configuration file says. */
export function filledUp(environment: Environment, file: ConfigFile | undefined): Environment {
  const set = Object.entries(environment).filter(([name]) => isSet(environment, name))
  return { ...file?.variables, ...Object.fromEntries(set) }
}

/** Whether a variable says something; an empty text does not. */
export function isSet(environment: Environment, name: string): boolean {
  return (environment[name]?.trim() ?? '') !== ''
}

function configFileOf(environment: Environment, directory: string): string | undefined {
  const named = environment['REPRISE_CONFIG']?.trim()
  if (named !== undefined && named !== '') return resolve(directory, named)
  return configFileNames.map(name => join(directory, name)).find(existsSync)
}

async function readConfig(path: string): Promise<object> {
  const config = await load(path).catch(error => {
    throw fault(path, `cannot be read: ${messageOf(error)}`)
  })
  if (typeof config === 'object' && config !== null && !Array.isArray(config)) return config
  throw fault(path, 'has no default export that is an object. Example: export default { port: 8080 }')
}

async function load(path: string): Promise<unknown> {
  if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8'))
  const module: { readonly default?: unknown } = await import(pathToFileURL(path).href)
  return module.default
}

function nameOf(property: string, path: string): string {
  const setting = Object.entries(settingsTable).find(([key]) => key === property)?.[1]
  if (setting !== undefined) return setting.name
  const byName = Object.entries(settingsTable).find(([, { name }]) => name === property)?.[0]
  const known = Object.keys(settingsTable).join(', ')
  throw fault(
    path,
    byName === undefined
      ? `sets ${property}, which is none of ${known}`
      : `sets ${property}; here it is called ${byName}`,
  )
}

/** As the environment would say it: one reader then serves both. */
function textOf(property: string, value: unknown, path: string): string {
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value.join(',')
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value)
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  throw fault(
    path,
    `sets ${property} to a value of type ${value === null ? 'null' : typeof value}; leave it out for its default`,
  )
}

function fault(path: string, reason: string): RepriseError {
  return new RepriseError('invalid_setting', `The configuration file ${path} ${reason}.`)
}

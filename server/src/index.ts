import type { Config } from './config/config-file.ts'

export type { Config }

/**
 * Gives a configuration file its types.
 * @example export default defineConfig({ port: 8080, databaseUrl: 'postgres://localhost/reprise' })
 */
export function defineConfig(config: Config): Config {
  return config
}

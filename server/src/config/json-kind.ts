import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { SettingKind } from './setting-kinds.ts'

/** A structured setting: JSON in the environment, the object itself in a configuration file. May hold secrets. */
export function json<Schema extends TSchema>(name: string, schema: Schema): SettingKind<Static<Schema>> {
  const compiled = Compile(schema)
  return {
    name,
    read: text => {
      let given: unknown
      try {
        given = JSON.parse(text)
      } catch {
        return { kind: 'refused', reason: 'it is not JSON' }
      }
      // The check proves the shape.
      if (compiled.Check(given)) return { kind: 'value', value: given as Static<Schema> }
      const [first] = compiled.Errors(given)
      const place = first?.instancePath === '' ? 'it' : `at ${first?.instancePath} it`
      return { kind: 'refused', reason: `${place} ${first?.message ?? 'does not have the expected shape'}` }
    },
  }
}

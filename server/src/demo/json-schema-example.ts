/** A JSON object whose members are still unknown. */
export type Json = Record<string, unknown>

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isJson) : []
}

const deepest = 8

/** A value that a JSON schema allows, always the same for the same schema: what a demonstration model fills in. */
export function exampleOf(schema: unknown, word: string, depth = 0): unknown {
  if (!isJson(schema) || depth > deepest) return word
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  const choices = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(choices)) return exampleOf(choices[0], word, depth + 1)
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type']
  switch (type) {
    case 'object': {
      const properties = isJson(schema['properties']) ? schema['properties'] : {}
      return Object.fromEntries(
        Object.entries(properties).map(([name, inner]) => [name, exampleOf(inner, word, depth + 1)]),
      )
    }
    case 'array':
      return [exampleOf(schema['items'], word, depth + 1)]
    case 'integer':
      return typeof schema['minimum'] === 'number' ? Math.ceil(schema['minimum']) : 7
    case 'number':
      return typeof schema['minimum'] === 'number' ? schema['minimum'] : 7.5
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return word
  }
}

/**
 * The shape of an answer: of JSON its names and kinds of values, of text its words, without numbers. Of a
 * list its first member stands for all.
 */
export function shapeOf(answer: string): unknown {
  const lines = answer.split('\n').filter(line => line.trim() !== '')
  try {
    return kindOf(JSON.parse(answer))
  } catch {
    return lines.map(line => {
      try {
        return kindOf(JSON.parse(line))
      } catch {
        return line.replaceAll(/\d+(?:\.\d+)?/g, '#').trim()
      }
    })
  }
}

function kindOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(kindOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, kindOf(inner)]))
}

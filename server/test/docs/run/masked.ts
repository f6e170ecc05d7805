const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const instant = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}(?:\d{3})?Z/g

/** Fields whose value differs with each call. */
const changing = new Set(['request_id', 'secret', 'guest_id'])
/** Rows of one table or the other, as far as the embedding worker has come. */
const racing = new Set(['cache_embeddings', 'reprise_outbox'])

/** The lines of JSON in a text, with all that differs from call to call put out of sight. */
export function maskedLines(text: string): readonly unknown[] {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  return lines.map(line => masked('', JSON.parse(line)))
}

function masked(name: string, value: unknown): unknown {
  if (typeof value === 'number') return racing.has(name) ? 'a number' : value
  if (typeof value === 'string') return maskedText(name, value)
  // The copy may come too late to be named.
  if (name === 'stored_in') return 'where it was'
  if (Array.isArray(value)) return value.map(item => masked('', item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(key, inner)]))
}

function maskedText(name: string, value: string): string {
  if (changing.has(name) && (name !== 'guest_id' || value.startsWith('g_'))) return `a ${name}`
  return value
    .replaceAll(uuid, 'a uuid')
    .replaceAll(instant, 'an instant')
    .replaceAll(/\bg_[\w-]{22}/g, 'a guest')
}

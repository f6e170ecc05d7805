import { isObject, type JsonObject, setMember } from '../json.ts'

/** Texts that name something rather than being a piece of something: a later one replaces an earlier one. */
const names: ReadonlySet<string> = new Set(['id', 'type', 'role', 'name', 'object', 'format', 'status'])

/**
 * Adds a delta to what came before it: texts are joined, lists too, items that carry an `index` find the item of the same
 * one. Fields that nobody here has heard of go the same way, so that what a provider adds (reasoning, audio) is kept.
 */
export function mergeDelta(into: JsonObject, delta: JsonObject): void {
  for (const [name, value] of Object.entries(delta)) {
    setMember(into, name, merged(name, Object.hasOwn(into, name) ? into[name] : undefined, value))
  }
}

function merged(name: string, before: unknown, value: unknown): unknown {
  if (value === null || value === undefined) return before ?? value
  if (typeof value === 'string') {
    if (typeof before !== 'string') return value
    return names.has(name) ? value || before : before + value
  }
  if (Array.isArray(value)) return mergedList(Array.isArray(before) ? before : [], value)
  if (!isObject(value)) return value
  const object = isObject(before) ? before : {}
  mergeDelta(object, value)
  return object
}

function mergedList(before: unknown[], more: readonly unknown[]): unknown[] {
  for (const item of more) {
    const found = isIndexed(item)
      ? before.find(other => isIndexed(other) && other['index'] === item['index'])
      : undefined
    if (isObject(item) && isObject(found)) mergeDelta(found, item)
    else before.push(isObject(item) ? merged('', undefined, item) : item)
  }
  return before
}

function isIndexed(item: unknown): item is JsonObject {
  return isObject(item) && typeof item['index'] === 'number'
}

import { fieldOf, type HeaderFields, type HeaderList, headerOf, membersOf } from './header-list.ts'

/** What a response was chosen by: fields of its request, lower-case names, values in normal form; null for an absent one. */
export type Selection = readonly (readonly [name: string, value: string | null])[]

/** Fields in which order and letter case mean nothing, but their weights do (RFC 9110 12.5). */
const weighted: ReadonlySet<string> = new Set(['accept-encoding', 'accept-language', 'accept-charset', 'accept'])

/** The names in `Vary`, lower case, in order, each once; undefined when it is `*`, which no request matches. */
export function varyNames(headers: HeaderList): readonly string[] | undefined {
  const names = membersOf(headerOf(headers, 'vary')?.toLowerCase())
  return names.includes('*') ? undefined : [...new Set(names)].sort()
}

/** @param keyed fields that count as well where the request brings them */
export function selectionOf(names: readonly string[], keyed: readonly string[], request: HeaderFields): Selection {
  const brought = keyed.filter(name => request[name] !== undefined)
  const all = brought.length === 0 ? names : [...new Set([...names, ...brought])].sort()
  return all.map(name => [name, normalField(name, fieldOf(request, name))] as const)
}

/**
 * Whether a request chooses the response that was chosen by this (RFC 9111 4.1).
 * @param keyed fields that a request may bring only if the response was chosen by them
 */
export function isSelected(selection: Selection, request: HeaderFields, keyed: readonly string[] = []): boolean {
  for (const [name, value] of selection) if (normalField(name, fieldOf(request, name)) !== value) return false
  for (const name of keyed) {
    if (request[name] !== undefined && !selection.some(([other]) => other === name)) return false
  }
  return true
}

export function isSameSelection(one: Selection, other: Selection): boolean {
  return (
    one.length === other.length && one.every(([name, value], at) => name === other[at]?.[0] && value === other[at]?.[1])
  )
}

/** A field's value so that values that mean the same are the same text; null for an absent one. */
export function normalField(name: string, value: string | undefined): string | null {
  if (value === undefined) return null
  if (weighted.has(name)) return byWeight(value)
  // Inside quotes a blank may mean something.
  return value.includes('"') ? value.trim() : membersOf(value).join(',')
}

function byWeight(value: string): string {
  const choices = membersOf(value.toLowerCase()).map(member => {
    const [range = '', ...parameters] = member.split(';').map(part => part.trim())
    const weight = parameters.find(parameter => parameter.startsWith('q='))
    const others = parameters.filter(parameter => parameter !== weight)
    const quality = weight === undefined ? 1 : Number(weight.slice(2))
    return { range: [range, ...others].join(';'), quality: Number.isFinite(quality) ? quality : 1 }
  })
  choices.sort((one, other) => other.quality - one.quality || (one.range < other.range ? -1 : 1))
  return choices.map(({ range, quality }) => (quality === 1 ? range : `${range};q=${quality}`)).join(',')
}

/**
 * Makes what belongs to a pair of label values once and finds it again by two look-ups: naming the labels anew for each
 * operation would cost more than counting it.
 */
export function labelChildren<Child>(make: (first: string, second: string) => Child) {
  const known = new Map<string, Map<string, Child>>()
  return (first: string, second = ''): Child => {
    const row = known.get(first) ?? new Map<string, Child>()
    if (row.size === 0) known.set(first, row)
    const child = row.get(second) ?? make(first, second)
    if (!row.has(second)) row.set(second, child)
    return child
  }
}

/** Lets the first `size` different values through and calls all later ones `other`, so that labels stay few. */
export function boundedLabel(size: number): (value: string) => string {
  const known = new Set<string>()
  return value => {
    if (known.has(value)) return value
    if (known.size >= size) return 'other'
    known.add(value)
    return value
  }
}

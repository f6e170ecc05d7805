/** A colour of the style sheet as a canvas takes it: the custom property by its computed value. */
export function colorOf(element: Element, property: string): string {
  const probe = document.createElement('span')
  probe.style.color = `var(${property})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

/** The same colour, let through by so much. */
export function faded(color: string, opacity: number): string {
  return `color-mix(in srgb, ${color} ${opacity * 100}%, transparent)`
}

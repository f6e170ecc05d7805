/** A table for people: columns of equal width, numbers to the right. */
export function table(
  rows: readonly Readonly<Record<string, string | number>>[],
  numberText: (value: number) => string = grouped,
): string {
  const headings = Object.keys(rows[0] ?? {})
  const columns = headings.map(heading => {
    const cells = rows.map(row => row[heading] ?? '')
    const isNumeric = cells.every(cell => typeof cell === 'number')
    const texts = [heading, ...cells.map(cell => (typeof cell === 'number' ? numberText(cell) : cell))]
    const width = Math.max(...texts.map(text => text.length))
    const fitted = texts.map(text => (isNumeric ? text.padStart(width) : text.padEnd(width)))
    return [fitted[0], '─'.repeat(width), ...fitted.slice(1)]
  })
  const lines =
    columns[0]?.map((_, line) =>
      columns
        .map(column => column[line])
        .join('  ')
        .trimEnd(),
    ) ?? []
  return lines.map(line => `${line}\n`).join('')
}

/** `38768` as `38,768`, whatever the machine's locale. */
function grouped(value: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 }).format(value)
}

/** The course of a figure, without words: the figure stands beside it. */
export function Sparkline({ values, most }: { readonly values: readonly (number | null)[]; readonly most?: number }) {
  const known = values.flatMap((value, place) => (value === null ? [] : [{ value, place }]))
  const top = most ?? Math.max(...known.map(({ value }) => value), 1)
  const x = (place: number) => (values.length < 2 ? 100 : (place / (values.length - 1)) * 100)
  const y = (value: number) => 23 - (Math.min(value, top) / top) * 22
  const line = known.map(({ value, place }) => `${x(place).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  const [first, last] = [known.at(0), known.at(-1)]
  return (
    <svg className="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      {first !== undefined && last !== undefined && known.length > 1 && (
        <>
          <polygon points={`${x(first.place)},24 ${line} ${x(last.place)},24`} />
          <polyline points={line} vectorEffect="non-scaling-stroke" />
        </>
      )}
    </svg>
  )
}

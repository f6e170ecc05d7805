import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import { timeOfDay } from '../format/times.ts'
import { useShade } from '../shell/theme.ts'
import { colorOf, faded } from './colors.ts'

export interface Series {
  readonly label: string
  /** One for each instant; null where nothing is known. */
  readonly values: readonly (number | null)[]
  /** A custom property of the style sheet, such as `--good`. */
  readonly color: string
  readonly kind: 'line' | 'area' | 'bars'
}

export interface ChartProps {
  /** What is seen, for those who do not see it. */
  readonly summary: string
  /** In ms since the epoch, rising. */
  readonly at: readonly number[]
  readonly series: readonly Series[]
  readonly format: (value: number) => string
  /** How instants read; the time of day when left out. */
  readonly formatTime?: (atMs: number) => string
  /** The end of the scale, where it is fixed. */
  readonly most?: number
  readonly height?: number
}

/** A chart over time. The same figures stand in a table below it, folded. */
export function Chart(props: ChartProps) {
  const { summary, at, series, format, formatTime = timeOfDay, most, height = 200 } = props
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const [pointed, setPointed] = useState<number>()
  const shade = useShade()
  const looks = series.map(({ label, color, kind }) => `${label}|${color}|${kind}`).join()
  // The newest are read when the plot draws; a new plot is made only when its looks change.
  const newest = useRef(props)
  newest.current = props

  // biome-ignore lint/correctness/useExhaustiveDependencies: looks and shade stand for all that a plot is made from.
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const made = new uPlot(optionsFor(element, newest.current, setPointed), dataOf(newest.current), element)
    plot.current = made
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) made.setSize({ width: entry.contentRect.width, height })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [looks, shade, height, most])

  useEffect(() => {
    plot.current?.setData(dataOf({ at, series }))
  }, [at, series])

  const shown = pointed ?? lastKnown(series)
  return (
    <figure className="chart">
      <figcaption>
        <ul className="legend" aria-hidden="true">
          {series.map(({ label, color, values }) => (
            <li key={label}>
              <svg viewBox="0 0 10 10" aria-hidden="true">
                <rect width="10" height="10" rx="3" fill={`var(${color})`} />
              </svg>
              {label} <b>{textOf(values[shown], format)}</b>
            </li>
          ))}
          <li className="legend-time">{at[shown] === undefined ? '' : formatTime(at[shown])}</li>
        </ul>
      </figcaption>
      <div ref={place} className="chart-plot" role="img" aria-label={summary} data-height={height} />
      <ChartTable {...props} formatTime={formatTime} />
    </figure>
  )
}

function ChartTable({ summary, at, series, format, formatTime = timeOfDay }: ChartProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details className="chart-table" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
        <section className="table-wrap is-low" tabIndex={0} aria-label={summary}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map(({ label }) => (
                  <th key={label} scope="col" className="is-number">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {at.map((instant, row) => (
                <tr key={instant}>
                  <th scope="row">{formatTime(instant)}</th>
                  {series.map(({ label, values }) => (
                    <td key={label} className="is-number">
                      {textOf(values[row], format)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  )
}

function textOf(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value)
}

function lastKnown(series: readonly Series[]): number {
  return Math.max(0, ...series.map(({ values }) => values.findLastIndex(value => value !== null)))
}

function dataOf({ at, series }: Pick<ChartProps, 'at' | 'series'>): uPlot.AlignedData {
  return [at.map(instant => instant / 1_000), ...series.map(({ values }) => [...values])]
}

function optionsFor(
  element: HTMLElement,
  { series, format, formatTime = timeOfDay, most, height = 200 }: ChartProps,
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  const [text, line] = [colorOf(element, '--text-3'), colorOf(element, '--line')]
  const axis = {
    stroke: text,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  }
  const bars = uPlot.paths.bars?.({ size: [0.7, 28], radius: 0.15, gap: 1 })
  return {
    width: Math.max(element.clientWidth, 100),
    height,
    padding: [8, 28, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, drag: { setScale: false } },
    scales: { y: { range: (_, _low, high) => [0, most ?? Math.max(high * 1.1, 1)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 70,
        values: (_, ticks) => ticks.map(tick => formatTime(tick * 1_000)),
      },
      { ...axis, size: 52, space: 40, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...series.map(({ label, color, kind }): uPlot.Series => {
        const stroke = colorOf(element, color)
        if (kind === 'bars')
          return { label, stroke, fill: stroke, width: 0, ...(bars && { paths: bars }), points: { show: false } }
        return {
          label,
          stroke,
          width: 2,
          spanGaps: true,
          ...(kind === 'area' ? { fill: faded(stroke, 0.12) } : {}),
          points: { show: (self, index) => [...(self.data[index] ?? [])].filter(value => value !== null).length < 2 },
        }
      }),
    ],
    hooks: { setCursor: [self => onPoint(self.cursor.idx ?? undefined)] },
  }
}

import { Presets, SingleBar } from 'cli-progress'

export interface Progress {
  advance(): void
  end(): void
}

const lineEveryMs = 5_000

/** Shows how far a count has come: a bar in a terminal, a line every few seconds elsewhere. Written to stderr. */
export function showProgress(label: string, total: number, of = 'messages'): Progress {
  return process.stderr.isTTY ? bar(label, total, of) : plainLines(label, total, of)
}

function bar(label: string, total: number, of: string): Progress {
  const format = `${label.padEnd(8)} {bar} {percentage}% | {value}/{total} ${of} | {eta_formatted} left`
  const shown = new SingleBar({ format, stream: process.stderr, hideCursor: true }, Presets.shades_classic)
  shown.start(total, 0)
  return { advance: () => shown.increment(), end: () => shown.stop() }
}

function plainLines(label: string, total: number, of: string): Progress {
  let count = 0
  const tell = () => process.stderr.write(`${label}: ${count} of ${total} ${of}\n`)
  const timer = setInterval(tell, lineEveryMs)
  return {
    advance: () => {
      count += 1
    },
    end: () => {
      clearInterval(timer)
      tell()
    },
  }
}

import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second, in which Linux counts the time of a process. */
const ticksPerSecond = 100

interface ProcessFigures {
  readonly parent: number
  readonly cpuSeconds: number
  /** Of children that have ended. */
  readonly endedChildrenCpuSeconds: number
}

/** CPU seconds that a process and its children have taken so far, ended children included. */
export function cpuSeconds(pid: number): number {
  const own = figuresOf(pid)
  if (own === undefined) throw new Error(`process ${pid} has ended`)
  const children = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .map(name => figuresOf(Number(name)))
    .filter(figures => figures?.parent === pid)
  const ofChildren = children.reduce((sum, child) => sum + (child?.cpuSeconds ?? 0), 0)
  return own.cpuSeconds + own.endedChildrenCpuSeconds + ofChildren
}

/** Memory that a process keeps resident, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

function figuresOf(pid: number): ProcessFigures | undefined {
  try {
    // The name stands in brackets and may hold spaces; the numbers follow it.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number)
    const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map(n => fields[n])
    return {
      parent,
      cpuSeconds: (user + system) / ticksPerSecond,
      endedChildrenCpuSeconds: (endedUser + endedSystem) / ticksPerSecond,
    }
  } catch {
    // It ended between the listing and the reading.
    return undefined
  }
}

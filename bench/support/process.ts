import { readFileSync } from 'node:fs'

/** USER_HZ: what Linux counts a process's CPU time in, on every platform that Node supports. */
const TICKS_PER_SECOND = 100

/** CPU seconds of a process so far, all of its threads, user and kernel. Resolution 10 ms (proc(5), `stat`). */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The command, in brackets, may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory of a process, MB (10^6 bytes): now, the part of it that is in no file, and the most so far. */
export function residentMegabytes(pid: number): { now: number; own: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const field = (name: string) => (Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6
  return { now: field('VmRSS'), own: field('RssAnon'), peak: field('VmHWM') }
}

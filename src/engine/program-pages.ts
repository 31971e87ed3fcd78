import { readFileSync } from 'node:fs'

/** Addresses, from and to. */
export type Range = [from: bigint, to: bigint]

/**
 * Where the text and the constants of the running program are mapped: all of its file that was never written to, so that
 * the kernel can read each page of it again. V8's own copies of parts of it, which end with their threads, are left out.
 * Empty where there is no /proc.
 */
export function programPages(program = process.execPath): Range[] {
  try {
    return unwrittenPages(readFileSync('/proc/self/smaps', 'latin1'), program)
  } catch {
    return []
  }
}

/** @param smaps see proc_pid_smaps(5) */
export function unwrittenPages(smaps: string, program: string): Range[] {
  const pages: Range[] = []
  for (const mapping of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, from, to, access, file] = /^(\w+)-(\w+) (\S+) \S+ \S+ \S+ +(.*)/.exec(mapping) ?? []
    if (from === undefined || to === undefined || file !== program) continue
    // Behind what it writes to, its file is not mapped again but by V8.
    if (access === 'rw-p') break
    const unwritten = /^Anonymous: +0 kB/m.test(mapping)
    if (unwritten && /^r-[-x]p$/.test(access ?? '')) pages.push([BigInt(`0x${from}`), BigInt(`0x${to}`)])
  }
  return pages
}

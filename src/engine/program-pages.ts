import { readFileSync } from 'node:fs'

/** Addresses, from and to. */
export type Range = [from: bigint, to: bigint]

/** What the program is linked with, so that it stays as long. */
const LIBRARY = /\/lib(?:c|m|stdc\+\+)\.so[.\d]*$/

/**
 * Where the text and the constants of the running program and of its libraries are mapped: all of their files that was never
 * written to, so that the kernel can read each page of it again. V8's own copies of parts of it, which end with their
 * threads, are left out. Empty where there is no /proc.
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
  let isOfV8 = false
  for (const mapping of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, from, to, access, file] = /^(\w+)-(\w+) (\S+) \S+ \S+ \S+ +(.*)/.exec(mapping) ?? []
    if (from === undefined || to === undefined || file === undefined) continue
    // Behind what it writes to, its file is not mapped again but by V8.
    if (file === program && access === 'rw-p') isOfV8 = true
    const isWanted = file === program ? !isOfV8 : LIBRARY.test(file)
    const unwritten = /^Anonymous: +0 kB/m.test(mapping)
    if (isWanted && unwritten && /^r-[-x]p$/.test(access ?? '')) pages.push([BigInt(`0x${from}`), BigInt(`0x${to}`)])
  }
  return pages
}

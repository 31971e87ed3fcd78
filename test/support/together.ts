import type { ChildProcess } from 'node:child_process'

const children = new Set<ChildProcess>()

/** The child ends with this process, whatever ends it but SIGKILL. */
export function together<T extends ChildProcess>(child: T): T {
  if (children.size === 0) {
    process.on('exit', endAll)
    // Without a listener a signal ends the process with no word of it.
    for (const signal of SIGNALS) process.on(signal, leave)
  }
  children.add(child)
  child.once('exit', () => {
    children.delete(child)
    if (children.size > 0) return
    process.off('exit', endAll)
    for (const signal of SIGNALS) process.off(signal, leave)
  })
  return child
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function endAll(): void {
  for (const child of children) child.kill('SIGKILL')
}

function leave(): void {
  process.exit(1)
}

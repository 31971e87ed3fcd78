import { flushCompileCache } from 'node:module'
import { collector, Garbage, loadOfLoop } from '../receive/udp/garbage.ts'
import { programPages } from './program-pages.ts'

/** With 10 s a receiver's first seconds of load, in which much is compiled, or a backlog that goes out take 10 to 20 MB more. */
const EVERY_MILLIS = 2_000
/** <sys/mman.h> */
const MADV_DONTNEED = 4

/**
 * Gives back what the process does not need any more, which neither V8 nor malloc nor the kernel does while there is enough
 * of it. Returns what ends it.
 * @param after ms until what starting leaves behind is collected, which takes 0.1 s
 */
export function keepSmall(after: number): () => void {
  const garbage = new Garbage()
  const start = setTimeout(() => void collect(), after).unref()
  let before = performance.eventLoopUtilization()
  const every = setInterval(() => {
    const now = performance.eventLoopUtilization()
    garbage.tick(performance.now(), loadOfLoop(performance.eventLoopUtilization(now, before).utilization))
    before = now
    void giveBack()
  }, EVERY_MILLIS).unref()
  return () => {
    clearTimeout(start)
    clearInterval(every)
  }
}

async function collect(): Promise<void> {
  // Otherwise written at an orderly end only, and a start without it keeps 10 MB of what compiling took.
  flushCompileCache()
  collector()(true)
  await giveBack()
}

/**
 * Gives the system the pages of freed memory, which glibc keeps (5 ms after a backlog and 0.4 ms otherwise), and those of
 * the program's file. Starting goes through 60 MB of these; 20 are used in ten seconds of work, and come back from the
 * kernel's cache in 0.5 ms.
 */
export async function giveBack(): Promise<void> {
  calls ??= load()
  const call = await calls
  call?.()
}

let calls: ReturnType<typeof load> | undefined

/** Without koffi everything else runs as well, and so it does where the C library has no such functions. */
async function load(): Promise<(() => void) | undefined> {
  try {
    const { default: koffi } = await import('koffi')
    const libc = koffi.load(null)
    const trim = libc.func('int malloc_trim(size_t pad)')
    const madvise = libc.func('int madvise(uint64_t at, uint64_t length, int advice)')
    const pages = programPages()
    return () => {
      trim(0)
      for (const [from, to] of pages) madvise(from, to - from, MADV_DONTNEED)
    }
  } catch {
    return undefined
  }
}

// Matches lines until the clock has jumped, as it does for a process that is stopped and continued; says what happened.
import { writeSync } from 'node:fs'
import { Guard, type Guarded } from '../../src/grok/guard.ts'

const COUNT = 20
const words: Guarded = { name: 'words', regex: /^(\w+) (\w+)/, timedOut: 0, aside: null }
const culprits: string[] = []
const guard = new Guard({
  limitMillis: Number(process.argv[2]),
  onCulprit: ({ pattern }) => culprits.push(pattern.name),
})
const done = new Array<boolean>(COUNT).fill(false)
let last = Date.now()
let jump = 0
const end = last + 60_000

writeSync(1, 'ready\n')
guard.run(COUNT, (item) => {
  while (jump === 0 && last < end) {
    const now = Date.now()
    guard.exec(words, 'one two', 'p', now)
    if (now - last > 500) jump = now
    last = now
  }
  // The watcher needs a moment too.
  while (item === 0 && guard.stops === 0 && Date.now() - jump < 5_000) guard.exec(words, 'one two', 'p', last)
  done[item] = guard.exec(words, 'one two', 'p', last) !== null && !guard.gaveUp
})
writeSync(1, `${JSON.stringify({ stops: guard.stops, culprits, done: done.filter(Boolean).length })}\n`)

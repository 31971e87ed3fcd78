// Matches lines until the clock has jumped, as it does for a process that is stopped and continued; says what happened.
import { writeSync } from 'node:fs'
import { Captures } from '../../src/grok/captures.ts'
import { Guard, type Guarded } from '../../src/grok/guard.ts'
import { Text } from '../../src/grok/text.ts'

const COUNT = 20
const words: Guarded = {
  name: 'words',
  matches: (text) => /^(\w+) (\w+)/.test(text.string),
  timedOut: 0,
  aside: null,
}
const text = new Text().ofString('one two')
const captures = new Captures()
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
    guard.matches(words, text, captures, 'p', now)
    if (now - last > 500) jump = now
    last = now
  }
  // The watcher needs a moment too.
  while (item === 0 && guard.stops === 0 && Date.now() - jump < 5_000) guard.matches(words, text, captures, 'p', last)
  done[item] = guard.matches(words, text, captures, 'p', last) && !guard.gaveUp
})
writeSync(1, `${JSON.stringify({ stops: guard.stops, culprits, done: done.filter(Boolean).length })}\n`)

import { appendFileSync, copyFileSync, existsSync, mkdirSync, renameSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { at, crashed, freshForEach, freshStore, make, settle, store, top } from './harness.ts'

freshForEach()

describe('TailInput', () => {
  test('any appends, rotations, crashes and full sinks: each line once, in order', async () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), lines: fc.nat({ max: 5 }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('partial' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('rename' as const), append: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('copytruncate' as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('poll' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('durable' as const), on: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('full' as const), on: fc.boolean() }) },
    )
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.constantFrom('a.log', 'a.log*'),
        async (steps, pattern) => {
          const directory = `run${run++}`
          mkdirSync(at(directory))
          const here = (name: string) => at(join(directory, name))
          const options = { patterns: [here(pattern)], stateFile: join(top, `${directory}.json`), graceMs: 3_600_000 }
          freshStore()
          let input = make(options)
          let written = 0
          let rotations = 0
          let open = ''
          // A file that nobody looked at before it was rotated can't be known.
          let seen = false
          const line = () => `line ${written++} ${'.'.repeat((written * 37) % 60)}`
          const finish = () => {
            if (open !== '') appendFileSync(here('a.log'), '\n')
            open = ''
          }
          for (const step of steps) {
            if (step.do === 'append') {
              finish()
              for (let i = 0; i < step.lines; i++) appendFileSync(here('a.log'), `${line()}\n`)
            } else if (step.do === 'partial' && open === '') {
              open = line()
              appendFileSync(here('a.log'), open)
            } else if (step.do === 'rename' || step.do === 'copytruncate') {
              finish()
              if (!seen) {
                appendFileSync(here('a.log'), `${line()}\n`)
                store.full = false
                await settle(input)
              }
              seen = false
              for (let i = rotations++; i > 0; i--) renameSync(here(`a.log.${i}`), here(`a.log.${i + 1}`))
              if (step.do === 'rename') {
                renameSync(here('a.log'), here('a.log.1'))
                if (step.append) appendFileSync(here('a.log.1'), `${line()}\n`)
              } else {
                copyFileSync(here('a.log'), here('a.log.1'))
                truncateSync(here('a.log'))
              }
              store.full = false
              await settle(input)
            } else if (step.do === 'poll') {
              await input.poll()
              seen ||= !store.full && existsSync(here('a.log')) && statSync(here('a.log')).size > 0
            } else if (step.do === 'crash') {
              input = await crashed(input, options)
              seen = false
            } else if (step.do === 'durable') store.durable = step.on
            else if (step.do === 'full') store.full = step.on
          }
          finish()
          store.full = false
          await settle(input)
          expect(store.order.map((text) => Number(text.split(' ')[1]))).toEqual(
            Array.from({ length: written }, (_, i) => i),
          )
          await input.stop()
        },
      ),
      { numRuns: 60 },
    )
  })
})

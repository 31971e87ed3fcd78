/**
 * A process that delivers batches to a store and kills itself at a step.
 * Arguments: directory, step, how many times the step is passed first. Prints the number of each batch answered.
 * With `hold` as the step it delivers one batch and keeps the store open until it is killed.
 */
import { writeSync } from 'node:fs'
import { Store } from '../src/deliver/store/store.ts'
import { BATCHES, storeBatch } from './store-batches.ts'

const [path = '', step, passes = '0'] = process.argv.slice(2)
let left = Number(passes)
const store = await Store.open({
  path,
  partitionSize: 60_000,
  step: (now) => {
    if (now === step && left-- === 0) process.kill(process.pid, 'SIGKILL')
  },
})
for (let number = 1; number <= (step === 'hold' ? 1 : BATCHES); number++) {
  await store.deliver([storeBatch(number)])
  writeSync(1, `${number}\n`)
}
if (step === 'hold') setInterval(() => undefined, 1000)
else await store.close()

import { test } from 'vitest'
import { FAULTS, runFault } from './es-losses-run.ts'

test.each(FAULTS)('%s: nothing is lost', (_, faults, deadLetters) =>
  runFault({ lines: 4000, rate: 2000 }, faults, deadLetters),
)

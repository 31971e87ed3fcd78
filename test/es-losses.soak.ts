import { test } from 'vitest'
import { FAULTS, runFault } from './es-losses-run.ts'

/** 60 s, of which the fault lasts 30. */
test.each(FAULTS)('%s for half a minute: nothing is lost', (_, faults, deadLetters) =>
  runFault({ lines: 60_000, rate: 1000 }, faults, deadLetters),
)

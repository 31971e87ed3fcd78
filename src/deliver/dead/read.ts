import { join } from 'node:path'
import { errorCode } from '../../ledger/files.ts'
import { outputsIn } from './dead-letters.ts'
import { list } from './files.ts'
import type { DeadLetter } from './letter.ts'
import { isSelected, type Selection } from './selection.ts'
import { lettersIn } from './shelf.ts'

/** The selected letters of each output, oldest first, also while a process adds to them. A letter written twice is one. */
export async function* readLetters(directory: string, wanted: Selection): AsyncGenerator<DeadLetter> {
  let left = wanted.limit ?? Number.POSITIVE_INFINITY
  for (const output of await outputsOf(directory)) {
    if (wanted.output !== undefined && wanted.output !== output) continue
    const seen = new Set<string>()
    for (const file of await list(join(directory, output))) {
      for (const letter of (await lettersIn(file)).letters) {
        if (!isSelected(letter, wanted) || seen.has(letter.key)) continue
        seen.add(letter.key)
        if (left-- <= 0) return
        yield letter
      }
    }
  }
}

async function outputsOf(directory: string): Promise<string[]> {
  try {
    return await outputsIn(directory)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

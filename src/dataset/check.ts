import { dirname } from 'node:path'
import { UserError } from '../errors.ts'
import { PatternLibrary } from '../grok/library.ts'
import { Datasets } from './datasets.ts'
import type { DatasetDefinition } from './format.ts'
import { SHIPPED } from './load.ts'

/** Compiles the files with all that lines can ask of them. Gives what is wrong, one message a file. */
export function datasetProblems(definitions: readonly DatasetDefinition[], patterns: readonly string[]): string[] {
  const library = PatternLibrary.load({ vocabulary: 'ecs', dirs: patterns })
  return definitions.flatMap((definition) => {
    try {
      for (const dataset of new Datasets([definition], null, () => library).all()) dataset.check()
      return []
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    }
  })
}

/**
 * Checks what a person has added to the shipped files, which tests check. Own patterns may change what all mean.
 * @returns true when there is anything of their own
 * @throws UserError (78)
 */
export function checkOwn(definitions: readonly DatasetDefinition[], patterns: readonly string[]): boolean {
  const own = patterns.length > 0 ? definitions : definitions.filter(({ file }) => dirname(file) !== SHIPPED)
  if (own.length === 0) return false
  const problems = datasetProblems(own, patterns)
  if (problems.length > 0) throw new UserError(problems.join('\n'), 78)
  return true
}

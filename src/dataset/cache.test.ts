import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { datasetPaths, definitionOf, loadDatasets, readDatasetFile, SHIPPED } from './load.ts'

test('what the cache gives is what the files say, and a changed file is read anew', () => {
  const fromFiles = datasetPaths([SHIPPED]).map((path) => definitionOf(readDatasetFile(path, false).file, path))
  expect(loadDatasets([])).toEqual(fromFiles)
  expect(loadDatasets([])).toEqual(fromFiles)

  const dir = mkdtempSync(join(tmpdir(), 'sluice-datasets-'))
  const own = (pattern: string) => {
    writeFileSync(
      join(dir, 'own.yaml'),
      `dataset: own\nprograms: [own]\npatterns: [{ name: one, match: '${pattern}' }]\nsamples: []\n`,
    )
    return loadDatasets([dir]).find(({ dataset }) => dataset === 'own')?.patterns?.[0]?.match
  }
  expect(own('first %{INT:own.n:int}')).toEqual(own('first %{INT:own.n:int}'))
  expect(own('second %{INT:own.n:int}')).not.toEqual(own('first %{INT:own.n:int}'))
  rmSync(dir, { recursive: true })
})

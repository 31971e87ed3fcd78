import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generatedFiles } from './generate.ts'
import { readConfig } from './load.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const files = generatedFiles()

it.each(Object.keys(files))('%s is what npm run generate writes', (path) => {
  expect(read(path)).toBe(files[path])
  expect(read(path).split('\n').slice(0, 2).join('\n')).toContain('Generated from')
})

it.each(['deploy/default.yaml', 'deploy/reference.yaml'])('%s is valid', (path) => {
  expect(readConfig(read(path), {}, {}).problems).toEqual([])
})

it('every key of the reference is explained', () => {
  const rows = read('docs/config.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows.length).toBeGreaterThan(40)
  for (const row of rows) expect(row).toMatch(/^\| `[\w-]+` \| [^|]+ \| [^|]* \| [^| ][^|]+ \|$/)
})

it('the example of the reference is valid', () => {
  const [, example] = /```yaml\n(.*?)```/s.exec(read('docs/config.md')) ?? []
  expect(readConfig(example ?? '- none', {}, {}).problems).toEqual([])
})

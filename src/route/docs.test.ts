import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileFilter } from './filter.ts'

const document = readFileSync(new URL('../../docs/filters.md', import.meta.url), 'utf8')
const examples = /```\n([^`]+)```/.exec(document)?.[1]?.trim().split('\n') ?? []

test('the filters of docs/filters.md are filters', () => {
  expect(examples.length).toBeGreaterThan(3)
  for (const example of examples) compileFilter(example, () => () => true)
})

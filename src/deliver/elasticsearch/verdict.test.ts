import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Fate, fateOf, ITEM_RULES, REQUEST_RULES, type RequestFate, requestFateOf } from './verdict.ts'

describe('an event', () => {
  test.each<[number, string | undefined, string | undefined, Fate]>([
    [201, undefined, undefined, 'done'],
    [200, undefined, undefined, 'done'],
    [201, undefined, 'used', 'dead'],
    [201, undefined, 'not_applicable_or_unknown', 'done'],
    [409, 'version_conflict_engine_exception', undefined, 'duplicate'],
    [409, 'some_other_exception', undefined, 'dead'],
    [400, 'document_parsing_exception', undefined, 'dead'],
    [400, 'mapper_parsing_exception', undefined, 'dead'],
    [400, 'strict_dynamic_mapping_exception', undefined, 'dead'],
    [400, 'illegal_argument_exception', undefined, 'dead'],
    [400, 'invalid_index_name_exception', undefined, 'dead'],
    [400, 'mapper_parsing_exception', 'not_enabled', 'dead'],
    [400, 'mapper_parsing_exception', 'failed', 'dead'],
    [400, 'index_closed_exception', undefined, 'index blocked'],
    [400, 'validation_exception', undefined, 'index blocked'],
    [401, 'security_exception', undefined, 'cluster blocked'],
    [403, 'cluster_block_exception', undefined, 'index blocked'],
    [403, 'security_exception', undefined, 'index blocked'],
    [404, 'index_not_found_exception', undefined, 'index blocked'],
    [413, undefined, undefined, 'dead'],
    [429, 'es_rejected_execution_exception', undefined, 'retry'],
    [429, 'circuit_breaking_exception', undefined, 'retry'],
    [429, 'cluster_block_exception', undefined, 'cluster blocked'],
    [500, 'null_pointer_exception', undefined, 'retry'],
    [502, undefined, undefined, 'retry'],
    [503, 'unavailable_shards_exception', undefined, 'index blocked'],
    [503, 'process_cluster_event_timeout_exception', undefined, 'retry'],
    [503, 'cluster_block_exception', undefined, 'cluster blocked'],
    [302, undefined, undefined, 'retry'],
  ])('%d %s, failure store %s: %s', (status, type, failureStore, fate) => {
    expect(fateOf(status, type, failureStore)).toBe(fate)
  })
})

describe('a request', () => {
  test.each<[number, string | undefined, RequestFate]>([
    [413, undefined, 'halve'],
    [400, 'illegal_argument_exception', 'halve'],
    [400, 'x_content_parse_exception', 'halve'],
    [400, 'media_type_header_exception', 'cluster blocked'],
    [401, 'security_exception', 'cluster blocked'],
    [403, 'security_exception', 'cluster blocked'],
    [403, 'cluster_block_exception', 'cluster blocked'],
    [404, undefined, 'cluster blocked'],
    [405, undefined, 'cluster blocked'],
    [429, 'es_rejected_execution_exception', 'retry'],
    [429, 'circuit_breaking_exception', 'retry'],
    [429, 'cluster_block_exception', 'cluster blocked'],
    [500, undefined, 'retry'],
    [502, undefined, 'retry'],
    [503, undefined, 'retry'],
    [503, 'cluster_block_exception', 'cluster blocked'],
    [504, undefined, 'retry'],
  ])('%d %s: %s', (status, type, fate) => {
    expect(requestFateOf(status, type)).toBe(fate)
  })
})

test('the docs have every rule, in this order', () => {
  const docs = readFileSync(new URL('../../../docs/elasticsearch.md', import.meta.url), 'utf8')
  for (const rules of [ITEM_RULES, REQUEST_RULES]) {
    const rows = rules.map(({ status: [from, to], types, failureStore, fate, meaning }) => {
      const code = from === to ? `${from}` : from === 0 ? `up to ${to}` : `${from}–${to}`
      const which = failureStore === undefined ? (types ?? []).map((type) => `\`${type}\``) : ['`failure_store: used`']
      return `| ${code} | ${which.join(', ')} | ${meaning} | ${fate} |`.replace('|  |', '| |')
    })
    expect(docs).toContain(rows.join('\n'))
  }
})

import { expect, test } from 'vitest'
import { eventsFrom } from '../lane/line-parser.ts'
import { dotted } from './dotted.ts'
import { definitionOf, readDataset } from './load.ts'

const FILE = `
dataset: cloud
programs: ['*']
services: { nova: ['nova-*'], cinder: [cinder-api] }
newlines: '#012'
header: '(?<log.level>INFO|ERROR) \\[-\\] (?<rest>(?m:.*))'
patterns:
  - { name: trace, match: '[^\\n]*\\n(?<error.stack_trace>(?m:.*))\\z' }
  - { name: done, match: 'done', set: { event.action: done } }
fallback: whole
`
const OTHER = `
dataset: other
programs: ['*']
patterns: [{ name: any, match: '.*free' }]
`

function fieldsOf(tagged: string): Record<string, unknown> {
  const definitions = [FILE, OTHER].map((text, i) => {
    const { file, problems } = readDataset(text)
    if (file === undefined) throw new Error(JSON.stringify(problems))
    return definitionOf(file, `file${i}.yaml`)
  })
  const options = {
    stream: '00112233445566ff',
    input: 'test',
    shape: 'ecs' as const,
    timezone: 'UTC',
    senders: [],
    routes: [],
    filters: {},
    archive: null,
    outputs: [],
    window: { back: 0, ahead: 0 },
    credits: 1,
    datasets: { definitions, patterns: [] },
  }
  const received = Date.parse('2026-11-23T03:14:22Z')
  return dotted(eventsFrom(options, [`<14>Nov 23 03:14:21 h ${tagged}`], received)[0])
}

test('services of one file are datasets of their own, by program', () => {
  expect(fieldsOf('nova-api: INFO [-] done')).toMatchObject({ 'event.dataset': 'cloud.nova', 'event.action': 'done' })
  expect(fieldsOf('cinder-api: INFO [-] done')).toMatchObject({ 'event.dataset': 'cloud.cinder' })
})

test('a line with the header belongs to the file whoever sends it, and no other file is tried on its text', () => {
  const event = fieldsOf('unheard-of: ERROR [-] all is free')
  expect(event).toMatchObject({ 'event.dataset': 'cloud', 'log.level': 'err' })
  expect(event).not.toHaveProperty('tags')
  expect(fieldsOf('unheard-of: all is free')).toMatchObject({ 'event.dataset': 'other' })
  expect(fieldsOf('unheard-of: neither')).not.toHaveProperty(['event.dataset'])
})

test('what stands for line feeds is one to patterns; the message stays as it came', () => {
  const event = fieldsOf('nova-api: ERROR [-] failed#012Traceback#012  File')
  expect(event).toMatchObject({
    'error.stack_trace': 'Traceback\n  File',
    message: 'ERROR [-] failed#012Traceback#012  File',
  })
})

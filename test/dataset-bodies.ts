import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { dotted } from '../src/dataset/dotted.ts'
import { loadDatasets } from '../src/dataset/load.ts'
import { newStream } from '../src/event/ids.ts'
import { LineParser } from '../src/lane/line-parser.ts'
import type { LaneOptions } from '../src/lane/options.ts'
import { Sender } from '../src/receive/sender.ts'

/** Where a source's field stands in our events; `{ why }`: nowhere, and the reason. */
const rule = z.union([
  z.string(),
  z.strictObject({
    /** Several: the first that the event has. */
    to: z.union([z.string(), z.array(z.string())]),
    /** How the two compare; absent: they are the same. */
    as: z.enum(['end', 'within', 'number', 'seconds']).optional(),
    /** The source's word, and ours. */
    values: z.record(z.string(), z.string().nullable()).optional(),
  }),
  z.strictObject({ why: z.string() }),
])
type Rule = z.output<typeof rule>

const mappingFile = z.strictObject({
  /** By the source's name for the kind of line; `*`: of all kinds. `program`: whose file the line stands in. */
  sources: z.record(z.string(), z.object({ program: z.string().optional() }).catchall(rule)),
  /** By body, then by the source's field: why our value is another. */
  disagreements: z.record(z.string(), z.record(z.string(), z.string())),
  /** By body: why no dataset takes it. */
  without: z.record(z.string(), z.string()).default({}),
})

const bodyLine = z.object({
  id: z.string(),
  dataset: z.string(),
  raw: z.string(),
  expect: z.object({ fields: z.record(z.string(), z.unknown()).default({}) }).optional(),
})

const RECEPTION = Date.UTC(2026, 10, 23, 3, 14, 22)

function laneOptions(): LaneOptions {
  return {
    stream: newStream(),
    input: 'test',
    shape: 'ecs',
    // What the sources say of stamps without a zone.
    timezone: '-02:00',
    senders: [],
    routes: [],
    filters: {},
    datasets: { definitions: loadDatasets([]), patterns: [] },
    archive: null,
    outputs: [],
    window: { back: 0, ahead: 0 },
    credits: 1,
  }
}

const sourceLine = (name: string) => new URL(name, import.meta.url)

/** Tests that what other projects state of their lines is what we make of them, or that a list says why not. */
export function testBodies(name: string): void {
  const mapping = mappingFile.parse(JSON.parse(readFileSync(sourceLine(`dataset-bodies/${name}.json`), 'utf8')))
  const bodies = readFileSync(sourceLine(`corpus/bodies-${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => bodyLine.parse(JSON.parse(line)))
  const events = eventsOf(bodies, mapping.sources)

  test('each line belongs to a dataset, and none is a failure', () => {
    const lost = bodies.filter(({ id }) => {
      const event = events.get(id)
      return event?.['event.dataset'] === undefined || JSON.stringify(event.tags ?? []).includes('_grokparsefailure')
    })
    const unexplained = lost.filter(({ id }) => mapping.without[id] === undefined)
    expect(unexplained.map(({ id, raw }) => `${id}: ${raw.slice(0, 100)}`)).toEqual([])
    const outdated = Object.keys(mapping.without).filter((id) => !lost.some((body) => body.id === id))
    expect(outdated, 'have a dataset by now: to be taken off the list').toEqual([])
  })

  test('what the sources state of them is what we make of them, but for what the list explains', () => {
    const used = new Set<string>()
    const unmapped = new Set<string>()
    const found = new Map<string, string>()
    for (const { id, dataset, expect: stated } of bodies) {
      for (const [field, value] of Object.entries(stated?.fields ?? {})) {
        const known = ruleOf(mapping.sources, dataset, field)
        if (known === undefined) {
          unmapped.add(`${dataset} ${field}`)
          continue
        }
        used.add(known.name)
        const difference = disagreement(events.get(id) ?? {}, field, value, known.rule)
        if (difference !== null) found.set(`${id} ${field}`, difference)
      }
    }
    expect([...unmapped]).toEqual([])
    const listed = Object.entries(mapping.disagreements).flatMap(([id, fields]) =>
      Object.keys(fields).map((field) => `${id} ${field}`),
    )
    const unexplained = [...found].filter(([which]) => !listed.includes(which))
    expect(unexplained.map(([which, difference]) => `${which}: ${difference}`)).toEqual([])
    const outdated = listed.filter((which) => !found.has(which))
    expect(outdated, 'agree by now: to be taken off the list').toEqual([])
    const rules = Object.entries(mapping.sources).flatMap(([source, fields]) =>
      Object.keys(fields).flatMap((field) => (field === 'program' ? [] : [`${source} ${field}`])),
    )
    expect(
      rules.filter((one) => !used.has(one)),
      'rules that no line needs',
    ).toEqual([])
  })
}

type Sources = z.output<typeof mappingFile>['sources']

/** The event of each line, by body, as dotted fields. A parser serves all lines of a program: it compiles the datasets. */
function eventsOf(
  bodies: readonly z.output<typeof bodyLine>[],
  sources: Sources,
): Map<string, Record<string, unknown>> {
  const events = new Map<string, Record<string, unknown>>()
  const sender = new Sender('127.0.0.1', true)
  for (const [program, lines] of Map.groupBy(bodies, ({ dataset }) => sources[dataset]?.program)) {
    let event: Record<string, unknown> = {}
    const fixed = program === undefined ? {} : { fixed: { program, host: 'localhost' } }
    const parser = new LineParser({ ...laneOptions(), ...fixed }, (document) => {
      event = dotted(JSON.parse(Buffer.from(document).toString()))
    })
    for (const { id, raw } of lines) {
      parser.push(Buffer.from(raw), sender, RECEPTION)
      parser.flush()
      events.set(id, event)
    }
  }
  return events
}

function ruleOf(sources: Sources, dataset: string, field: string): { name: string; rule: Rule } | undefined {
  for (const source of [dataset, '*']) {
    const rules = sources[source] ?? {}
    const key = Object.keys(rules).find(
      (key) => key === field || (key.endsWith('*') && field.startsWith(key.slice(0, -1))),
    )
    const rule = key === undefined ? undefined : rules[key]
    if (rule !== undefined) return { name: `${source} ${key}`, rule }
  }
  return undefined
}

/** Null: agrees, or is left out. A list of one is that one. */
function disagreement(event: Record<string, unknown>, field: string, stated: unknown, how: Rule): string | null {
  if (typeof how === 'object' && 'why' in how) return null
  const { to, as, values } = typeof how === 'string' ? { to: how } : how
  const starred = (name: string) =>
    name.endsWith('*') ? name.slice(0, -1) + field.slice(field.lastIndexOf('.') + 1) : name
  const got = single(
    [to]
      .flat()
      .map((name) => event[starred(name)])
      .find((value) => value !== undefined),
  )
  const said = single(stated)
  const wanted = typeof said === 'string' && values !== undefined && Object.hasOwn(values, said) ? values[said] : said
  if (wanted === null) return got === undefined ? null : `none wanted, got ${JSON.stringify(got)}`
  const same = as === undefined ? isSame : COMPARE[as]
  return same(got, wanted) ? null : `wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`
}

const COMPARE = {
  end: (got: unknown, wanted: unknown) => String(got).trimEnd().endsWith(String(wanted).trimEnd()),
  // CSV doubles quotes.
  within: (got: unknown, wanted: unknown) =>
    [String(got), String(got).replaceAll('""', '"')].some((text) => text.includes(String(wanted))),
  number: (got: unknown, wanted: unknown) => got === Number(wanted),
  seconds: (got: unknown, wanted: unknown) => got === Math.round(Number(wanted) * 1e9),
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/

/** Times may be written with different offsets. */
function isSame(got: unknown, wanted: unknown): boolean {
  if (typeof got === 'string' && typeof wanted === 'string' && TIME.test(got) && TIME.test(wanted)) {
    return Date.parse(got) === Date.parse(wanted)
  }
  return JSON.stringify(got) === JSON.stringify(wanted)
}

function single(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value
}

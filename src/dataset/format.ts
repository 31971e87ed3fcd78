import { z } from 'zod'
import { filterConfig } from '../route/config.ts'
import { SEVERITIES } from '../syslog/priority.ts'
import { FIELD_TYPES } from './ecs-types.ts'
import { timeFormat } from './time-format.ts'

const FIELD = /^(?:[\w@-]+(?:\.[\w-]+)*)$/

const field = () =>
  z.string().refine((name) => FIELD.test(name) && !name.split('.').includes('__proto__'), {
    error: ({ input }) => `wanted a field name such as source.ip, got '${String(input)}'`,
  })

/** `haproxy.http`: lower case, dots between parts. */
const datasetName = () =>
  z.string().refine((name) => /^[a-z0-9_]+(\.[a-z0-9_]+)*$/.test(name), {
    error: ({ input }) => `wanted a name of small letters, digits, dots and underscores, got '${String(input)}'`,
  })

const constant = z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))])
const set = z.record(field(), constant)
const grok = z.string().min(1)
const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1)]).transform((v) => [v].flat() as z.output<T>[])

const program = z
  .string()
  .min(1)
  .superRefine((text, context) => {
    if (!/^\/.*\/$/s.test(text)) return
    try {
      new RegExp(text.slice(1, -1))
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    }
  })

const formats = oneOrMore(
  z.string().superRefine((format, context) => {
    try {
      timeFormat(format)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    }
  }),
)

const severity = z.enum(SEVERITIES)

const pattern = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]+$/)
    .describe('what counters, `sluice status --patterns` and messages call it'),
  match: oneOrMore(grok).describe(
    'grok pattern, or several, tried in order. It begins where the text begins and may end before its end: write `$`',
  ),
  dataset: datasetName().optional().describe("`event.dataset` of its lines. Absent: the file's"),
  set: set.default({}).describe('fields that all its lines get; `log.level` sets the level'),
  filter: filterConfig.optional().describe('tried on these lines only'),
})

const multiline = z.strictObject({
  continues: z
    .string()
    .min(1)
    .superRefine((text, context) => {
      try {
        new RegExp(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
      }
    })
    .describe(
      'regular expression: a message that it fits goes on with the one before, of the same sender, program and pid',
    ),
  within: z.number().int().min(50).max(60_000).default(1000).describe('ms after the line before'),
  max: z.number().int().min(2).max(10_000).default(500).describe('lines joined into one event'),
})

export const sampleConfig = z.strictObject({
  line: oneOrMore(z.string()).describe('the line as received, with its PRI or without; a list: joined by `multiline`'),
  program: z.string().optional().describe('the line has no syslog header, as in a service file of this program'),
  received: z.iso.datetime({ offset: true }).optional().describe('reception. Absent: 2026-11-23T03:14:22Z'),
  shape: z.enum(['ecs', 'logstash']).optional().describe('form of the event'),
  source: z.string().optional().describe('where the line is from'),
  license: z.string().optional().describe('under which the line may be handed on'),
  note: z.string().optional().describe('what is shown by it'),
  expect: z
    .record(z.string(), z.unknown())
    .describe('fields by dotted name, as they must be; `null`: absent. Others may be there too'),
})

export const datasetConfig = z.strictObject({
  dataset: datasetName().describe('`event.dataset` of its lines'),
  description: z.string().optional().describe('what kind of lines, for people'),
  programs: z
    .array(program)
    .min(1)
    .default(['*'])
    .describe('exact names, globs such as `nova-*`, or `/regular expressions/`; `*`: every program, tried last'),
  services: z
    .record(z.string().regex(/^[a-z0-9_]+$/), z.array(program).min(1))
    .optional()
    .describe(
      'names of services with their programs: each is a dataset of its own, `<dataset>.<service>`, with all else of the file',
    ),
  filter: filterConfig.optional().describe("only these lines, in syslog-ng's filter language"),
  newlines: z
    .string()
    .min(2)
    .optional()
    .describe('what stands for a line feed inside of a line, such as `#012` of rsyslog; patterns see line feeds'),
  text: z
    .enum(['message', 'tagged'])
    .default('message')
    .describe(
      'what is tried: the text after the header, or `program[pid]: ` in front of it, where the tag itself says something',
    ),
  header: oneOrMore(grok)
    .optional()
    .describe('grok tried first; what its field `rest` captures is the text that the patterns are tried on'),
  definitions: z.record(z.string().regex(/^\w+$/), grok).default({}).describe('grok patterns of this file'),
  patterns: z.array(pattern).default([]).describe('tried in order; the first that fits wins'),
  fallback: z
    .enum(['whole', 'failure'])
    .default('failure')
    .describe(
      'no pattern fits: `whole`, the line is free text of this dataset; `failure`, it is tagged `_grokparsefailure`',
    ),
  set: set.default({}).describe('fields that all lines of the file get'),
  fields: z
    .record(field(), z.enum(FIELD_TYPES))
    .default({})
    .describe('types of fields that ECS does not know. Absent: keyword'),
  level: z
    .strictObject({
      from: field().default('log.level').describe('field that captures it'),
      map: z.record(z.string(), severity).default({}).describe('further names; usual ones are known, in any case'),
      keep: z.boolean().default(false).describe('keep the field beside `log.level`'),
    })
    .optional()
    .describe('the level that the text states; it outranks the PRI'),
  time: z
    .strictObject({
      from: field().default('@timestamp').describe('field that captures it'),
      formats: formats.describe('tried in order'),
      keep: z.boolean().default(false).describe('keep the field as written too'),
    })
    .optional()
    .describe("the time that the text states; it replaces the header's"),
  dates: z
    .record(field(), z.strictObject({ from: field(), formats }))
    .default({})
    .describe('further times, such as `event.start`, by the field that they go to'),
  durations: z
    .record(field(), z.strictObject({ from: field(), unit: z.enum(['s', 'ms', 'us', 'ns']) }))
    .default({})
    .describe('times that something took, as nanoseconds: `event.duration: { from: x.ms, unit: ms }`'),
  lookup: z
    .record(
      field(),
      z.strictObject({ from: field(), map: z.record(z.string(), constant), default: constant.optional() }),
    )
    .default({})
    .describe(
      'fields from what another field says; keys may hold `?` and `*`, such as `4??`. What a pattern sets itself outranks what its header says',
    ),
  related: z
    .strictObject({
      ip: z.array(field()).optional().describe('fields with addresses'),
      user: z.array(field()).optional().describe('fields with names of users'),
      hosts: z.array(field()).optional().describe('fields with names of hosts'),
    })
    .default({})
    .describe('fields that `related.*` collects besides those of type ip, `*user*.name` and `*.domain`'),
  values: z
    .union([
      z.enum(['json', 'kv', 'none']),
      z.strictObject({
        json: field().optional().describe('field that one JSON object goes to'),
        kv: field().optional().describe('field that key=value pairs go to'),
      }),
    ])
    .default('none')
    .describe(
      'a text that is one JSON object, or key=value pairs, becomes the flattened field `<dataset>.values`, or the one named',
    ),
  multiline: multiline.optional().describe('lines that belong to the event of the line before'),
  samples: z.array(sampleConfig).default([]).describe('what `sluice test` checks'),
})

/** A dataset file, checked. */
export type DatasetFile = z.output<typeof datasetConfig>
export type Sample = z.output<typeof sampleConfig>
/** Plain data that crosses to a lane's thread: all but the samples, with the place it came from. */
export type DatasetDefinition = Omit<DatasetFile, 'samples'> & { file: string }
export type Constant = z.output<typeof constant>

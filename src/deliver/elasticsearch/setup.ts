import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { formatIndex } from '../../lane/index-name.ts'
import { type Asked, ask, MASTER } from './cluster-request.ts'
import { failureOf } from './failure.ts'
import type { Template, TemplateSet } from './template.ts'

export type StepState =
  | 'new' // the cluster has none of that name
  | 'changed' // ours, and it says something else
  | 'unchanged'
  | 'newer' // ours, of a newer sluice: it knows more than this one
  | 'foreign' // somebody else's
  | 'withheld' // of no use, since another template of its set can't be written

export interface Step {
  template: Template
  state: StepState
  /** Why it is left alone; absent when it is written or the same. */
  reason?: string
}

/** What a setup would do. Only `new` and `changed` are written. */
export interface SetupPlan {
  steps: Step[]
  /** Whole sentences: what keeps the templates from being used. */
  warnings: string[]
}

const anything = z.unknown().optional()
const Meta = z.object({ managed_by: anything, index: anything, version: anything, hash: anything })
type Meta = z.infer<typeof Meta>

const Found = z.object({ _meta: Meta.optional() })
const Components = z.object({ component_templates: z.array(z.object({ component_template: Found })).optional() })
const Indexes = z.object({ index_templates: z.array(z.object({ index_template: Found })).optional() })
const Others = z.object({
  index_templates: z
    .array(
      z.object({
        name: z.string(),
        index_template: z.object({
          index_patterns: z.union([z.string(), z.array(z.string())]),
          priority: z.number().default(0),
        }),
      }),
    )
    .default([]),
})

/** Compares with what the cluster has; nothing is written. */
export async function planSetup(cluster: Asked, sets: readonly TemplateSet[], now = Date.now()): Promise<SetupPlan> {
  const steps: Step[] = []
  for (const { templates } of sets) {
    const some: Step[] = []
    for (const template of templates) some.push(judge(template, await existing(cluster, template)))
    const isUnusable = some.some(({ state }) => state === 'foreign' || state === 'newer')
    for (const step of some) {
      const isWrite = step.state === 'new' || step.state === 'changed'
      steps.push(
        isUnusable && isWrite
          ? { ...step, state: 'withheld', reason: 'of use only together with the other, which is left alone' }
          : step,
      )
    }
  }
  const { index_templates: all } = await ask(
    cluster,
    {
      path: '/_index_template?filter_path=index_templates.name,index_templates.index_template.index_patterns,index_templates.index_template.priority',
    },
    Others,
  )
  const others = all.map(({ name, index_template }) => ({ name, ...index_template }))
  return { steps, warnings: sets.flatMap((set) => overruled(set, others, now)) }
}

/** Writes what the plan says is new or changed. @throws UserError with the cluster's reason */
export async function applySetup(cluster: Asked, { steps }: SetupPlan): Promise<void> {
  for (const { template, state } of steps) {
    if (state !== 'new' && state !== 'changed') continue
    const path = `${pathOf(template)}?${MASTER}`
    try {
      await ask(cluster, { method: 'PUT', path, body: template.body }, z.object({ acknowledged: z.literal(true) }))
    } catch (error) {
      throw new UserError(`the ${nameOf(template)} could not be written: ${failureOf(error).reason}`)
    }
  }
}

export function pathOf({ kind, name }: Template): string {
  return `/_${kind}/${name}`
}

export function nameOf({ kind, name }: Template): string {
  return `${kind.replace('_', ' ')} ${name}`
}

async function existing(cluster: Asked, template: Template): Promise<Meta | null | undefined> {
  const question = { path: pathOf(template), expected: [404] }
  if (template.kind === 'component_template') {
    const [found] = (await ask(cluster, question, Components)).component_templates ?? []
    return found && (found.component_template._meta ?? null)
  }
  const [found] = (await ask(cluster, question, Indexes)).index_templates ?? []
  return found && (found.index_template._meta ?? null)
}

/** @param meta of the one in the cluster; null: it has none, undefined: there is no such template. */
function judge(template: Template, meta: Meta | null | undefined): Step {
  const { _meta: ours } = template.body
  if (meta === undefined) return { template, state: 'new' }
  if (meta?.managed_by !== ours.managed_by)
    return { template, state: 'foreign', reason: 'it is not marked as managed by sluice' }
  if (meta.index !== ours.index)
    return { template, state: 'foreign', reason: `it belongs to the index ${JSON.stringify(meta.index)}` }
  if (meta.hash === ours.hash) return { template, state: 'unchanged' }
  if (isNewer(String(meta.version), ours.version))
    return {
      template,
      state: 'newer',
      reason: `sluice ${JSON.stringify(meta.version)} wrote it, this one is ${ours.version}`,
    }
  return { template, state: 'changed' }
}

function isNewer(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0))
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

interface Other {
  name: string
  index_patterns: string | string[]
  priority: number
}

/** Elasticsearch takes one index template for an index, the one with the highest priority. */
function overruled({ index, templates }: TemplateSet, others: readonly Other[], now: number): string[] {
  const ours = templates.find(({ kind }) => kind === 'index_template')
  const sample = formatIndex(index, now)
  const priority = Number(ours?.body.priority)
  return others
    .filter(({ name, index_patterns: patterns, priority: other }) => {
      return name !== ours?.name && other > priority && [patterns].flat().some((pattern) => matches(pattern, sample))
    })
    .map(({ name, priority: other }) => {
      return `the index template ${JSON.stringify(name)} (priority ${other}) goes before ${ours?.name} (${priority}) for ${sample}: it decides how the index is made`
    })
}

/** As Elasticsearch matches index names: `*` is any text. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return pattern === name
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}

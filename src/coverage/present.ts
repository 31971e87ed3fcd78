import { table } from '../ledger/present.ts'
import type { Covered } from './cover.ts'
import { draftPattern } from './draft.ts'
import { datasetName } from './field-names.ts'
import { harmless } from './shape.ts'
import type { ShapeCount } from './shape-counts.ts'
import { type Counts, type CoverageTally, share } from './tally.ts'

const number = new Intl.NumberFormat('en-US')
const percent = new Intl.NumberFormat('en-US', { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 })
/** An example's characters. */
const EXAMPLE = 160

/** Coverage as lines for people. `limit`: shapes, and programs. */
export function coverageLines(
  tally: CoverageTally,
  { lines, joined, dropped }: Covered,
  { limit, only }: { limit: number; only: string | undefined },
): string[] {
  if (lines === 0) return ['There are no lines.']
  const rows = tally.rows.filter(([program]) => only === undefined || program === only)
  const shown = rows.slice(0, limit)
  const programs = table(
    ['program', 'events', 'full', 'partial', 'failed', 'none', 'with dataset'],
    [...shown.map(([program, counts]) => row(harmless(program) || '(no program)', counts)), row('total', tally.total)],
  )
  return [
    ...programs,
    ...(rows.length > shown.length ? [`${number.format(rows.length - shown.length)} more programs: see --limit`] : []),
    ...(joined > 0 ? [`${number.format(joined)} more lines belong to the event of the line before`] : []),
    ...(dropped > 0 ? [`${number.format(dropped)} more lines are dropped by rules`] : []),
    ...shapeLines(tally, limit, only),
  ]
}

function row(name: string, counts: Counts): string[] {
  const { lines, full, partial, failed, none } = counts
  return [name, ...[lines, full, partial, failed, none].map((n) => number.format(n)), percent.format(share(counts))]
}

function shapeLines({ shapes }: CoverageTally, limit: number, only: string | undefined): string[] {
  const top = shapes.top(limit, only)
  if (top.length === 0) return []
  return [
    '',
    'Most frequent shapes of lines that no pattern fits:',
    ...top.flatMap(({ count, program, shape, example, dataset }) => [
      '',
      `${number.format(count)} × ${harmless(program) || '(no program)'}${dataset === '' ? '' : `, dataset ${dataset}`}: ${shape}`,
      `    ${excerpt(example.message)}`,
    ]),
    ...(shapes.forgotten > 0
      ? ['', `${number.format(shapes.forgotten)} lines have rarer shapes that were forgotten.`]
      : []),
  ]
}

function excerpt(text: string): string {
  const safe = harmless(text.slice(0, EXAMPLE))
  return text.length > EXAMPLE ? `${safe}…` : safe
}

/** Coverage for programs: one JSON object. */
export function coverageJson(
  tally: CoverageTally,
  covered: Covered,
  { limit, only, draft }: { limit: number; only: string | undefined; draft: boolean },
): object {
  const programs = tally.rows.filter(([program]) => only === undefined || program === only)
  const counts = (all: Counts) => ({ ...all, share: Number(share(all).toFixed(4)) })
  return {
    ...covered,
    total: counts(tally.total),
    programs: programs.map(([program, all]) => ({ program, ...counts(all) })),
    shapes: tally.shapes.top(limit, only).map((shape) => ({
      ...describe(shape),
      ...(draft
        ? { draft: draftPattern(shape.example.message, shape.dataset || datasetName(shape.program), shape.fractions) }
        : {}),
    })),
    forgotten: tally.shapes.forgotten,
  }
}

function describe({ count, program, dataset, shape, example }: ShapeCount) {
  return { count, program, dataset: dataset || null, shape, example: example.message }
}

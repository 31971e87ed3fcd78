import { stringify } from 'yaml'
import { dotted } from '../dataset/dotted.ts'
import { datasetConfig } from '../dataset/format.ts'
import { definitionOf } from '../dataset/load.ts'
import { SampleRunner } from '../dataset/samples.ts'
import { compileGrok } from '../grok/compile.ts'
import { PatternLibrary } from '../grok/library.ts'
import type { LaneOptions } from '../lane/options.ts'
import { draftPattern } from './draft.ts'
import { datasetName, slug } from './field-names.ts'
import { foldLine, harmless } from './shape.ts'
import type { ShapeCount } from './shape-counts.ts'

/**
 * A dataset file that the lines of these shapes, all of one program, are known by; `sluice test --file` accepts it.
 * Each shape's example is a sample that expects what the pattern captures.
 * @param options the lane's that the shapes were counted with
 */
export function draftDataset(shapes: readonly ShapeCount[], options: LaneOptions): string {
  const { program } = shapes[0]
  const dataset = shapes.find((shape) => shape.dataset !== '')?.dataset ?? datasetName(program)
  const names = new Map<string, number>()
  const patterns = shapes.map(({ example, fractions }) => ({
    name: nameOf(example.message, names),
    match: draftPattern(example.message, dataset, fractions),
  }))
  const head = { dataset, programs: [program === '' ? '*' : program] }
  const runner = new SampleRunner({
    ...options,
    datasets: { definitions: [definitionOf(datasetConfig.parse({ ...head, patterns }), 'draft')], patterns: [] },
    shape: 'ecs',
    routes: [],
  })
  const fixed = options.fixed === undefined ? {} : { program: options.fixed.program }
  const samples = shapes.flatMap(({ example }, i) => {
    const line = example.line.split('\n', 1)
    const event = dotted(runner.run({ line, ...fixed, expect: {} }).events[0])
    // The example is too long to be kept whole, and what is left of it does not fit.
    if (event['event.dataset'] === undefined || event['error.message'] !== undefined) return []
    const fields = ['event.dataset', ...capturesOf(patterns[i].match)].filter((field) => event[field] !== undefined)
    const expected = Object.fromEntries(fields.map((field) => [field, event[field]]))
    return [{ line: line[0], ...fixed, expect: { ...expected, 'error.message': null } }]
  })
  const counts = shapes.map(({ count, shape }) => `# ${count} lines: ${harmless(shape)}`)
  const text = stringify({ ...head, patterns, samples }, { lineWidth: 0 })
  return [
    '# A draft: names of fields are guesses, see https://www.elastic.co/docs/reference/ecs/ecs-field-reference.',
    '# A file of the name of a shipped one takes its place: add patterns to a copy of it then.',
    ...counts,
    text,
  ].join('\n')
}

function capturesOf(match: string): string[] {
  return compileGrok(match, PatternLibrary.load({ vocabulary: 'ecs' })).captures.map(({ field }) => field)
}

/** A name of the first words, such as `invalid_user`, that no other pattern has. */
function nameOf(message: string, taken: Map<string, number>): string {
  const literals = foldLine(message).parts.filter((part) => typeof part === 'string')
  const words = (literals.join(' ').match(/\p{L}{2,}/gu) ?? []).map(slug).filter((word) => word !== '')
  const name = words.slice(0, 3).join('_').slice(0, 40) || 'line'
  const before = taken.get(name) ?? 0
  taken.set(name, before + 1)
  return before === 0 ? name : `${name}.${before + 1}`
}

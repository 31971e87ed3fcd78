import { isDeepStrictEqual } from 'node:util'
import { isCollection, isNode, parseDocument, stringify } from 'yaml'
import type { Path } from './yaml.ts'

/**
 * The text with values put in; a place whose mapping does not exist is left out. All else stays as it is written, unless
 * a value is new to its mapping: then the document is written anew, with its comments.
 */
export function editYaml(text: string, values: readonly { place: Path; value: unknown }[]): string {
  const document = parseDocument(text)
  const edits: { from: number; to: number; written: string }[] = []
  let isNew = false
  for (const { place, value } of values) {
    const before = document.getIn(place, true)
    if (!isCollection(document.getIn(place.slice(0, -1), true))) continue
    document.setIn(place, document.createNode(value, { flow: true }))
    if (isNode(before) && before.range)
      edits.push({ from: before.range[0], to: before.range[1], written: inFlow(value) })
    else isNew = true
  }
  const edited = edits.toSorted((a, b) => b.from - a.from).reduce(spliced, text)
  const same = !isNew && isDeepStrictEqual(parseDocument(edited).toJS(), document.toJS())
  return same ? edited : document.toString({ lineWidth: 0 })
}

function spliced(text: string, { from, to, written }: { from: number; to: number; written: string }): string {
  return text.slice(0, from) + written + text.slice(to)
}

/** As it may stand within brackets: what has a comma or a bracket in it in quotes. */
function inFlow(value: unknown): string {
  if (Array.isArray(value)) return `[ ${value.map(inFlow).join(', ')} ]`
  if (typeof value === 'string' && /[,[\]{}\n]/.test(value)) return JSON.stringify(value)
  return stringify(value, { lineWidth: 0, collectionStyle: 'flow' }).trimEnd()
}

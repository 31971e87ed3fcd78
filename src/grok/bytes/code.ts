import { EACH } from '../../event/word.ts'
import { ALL, type CharSet, EDGE, eachOf, testOf } from './char-set.ts'
import type { Node, Repeat } from './tree.ts'

/*
 * Pieces of JavaScript for what takes single characters. In all of it b are the bytes, p the place, s and e where the
 * text begins and ends, r the ranges, v a view on the bytes, and c is for whoever wants a byte twice. `tries` counts the ways that failed, FULL
 * is thrown when there were too many. `fail` is a statement that leaves. Numbers after names make them unique.
 */

/**
 * Ways that may fail before the text is left to V8, which has the same bound. They are counted where it costs nothing
 * when they succeed: one variable for all of a match took 0.025 µs of 0.08.
 */
export const TRIES = 2000

/** `.` takes all but this. */
const LINE_FEEDS = 0x0a * EACH

/** More of them than so many are looped over. */
const UNROLLED = 8

/** The sets of what always takes the same few characters; null: it is none such. */
export function setsOf(node: Node): { sets: CharSet[]; back: boolean } | null {
  if (node.kind === 'set') return { sets: [node.set], back: node.back }
  if (node.kind !== 'repeat' || node.of.kind !== 'set' || node.least !== node.most || node.most > UNROLLED) return null
  return { sets: new Array<CharSet>(node.most).fill(node.of.set), back: node.of.back }
}

export function takeSets(sets: readonly CharSet[], back: boolean, fail: string): string {
  if (sets.length === 0) return ''
  const tests = sets.flatMap((set, i) => {
    const at = back ? `p - ${i + 1}` : i === 0 ? 'p' : `p + ${i}`
    return set === ALL ? [] : [testOf(set, `b[${at}]`, false)]
  })
  const room = sets.length === 1 ? `p === ${back ? 's' : 'e'}` : `${back ? 'p - s' : 'e - p'} < ${sets.length}`
  return `if (${[room, ...tests].join(' || ')}) ${fail}; p ${back ? '-' : '+'}= ${sets.length};`
}

/** Statement that is `fail` when the next character is one of the set, or is none of it. */
export function lookAt(set: CharSet, ahead: boolean, negative: boolean, fail: string): string {
  const room = ahead ? 'p !== e' : 'p !== s'
  const found = `${room} && ${testOf(set, ahead ? 'b[p]' : 'b[p - 1]')}`
  return `if (${negative ? found : `!(${found})`}) ${fail};`
}

/** Loops of one set, to the longest match. `id` makes names of its variables. */
export function takeMost(node: Repeat, set: CharSet, back: boolean, id: number, fail: string): string {
  const edge = back ? 's' : 'e'
  const room = back ? 'p - s' : 'e - p'
  const { least, most } = node
  let limit = edge
  let code = ''
  if (most !== Infinity) {
    limit = `m${id}`
    code += `const ${limit} = ${room} > ${most} ? p ${back ? '-' : '+'} ${most} : ${edge};`
  }
  if (least > 0) code += `const q${id} = p;`
  const end = back ? null : eachOf(ALL & ~set)
  if (set === ALL) code += `p = ${limit};`
  // Of others most are short.
  else if (end === LINE_FEEDS) code += `p = firstOf(v, p, ${limit}, ${end});`
  else code += `while (p !== ${limit} && ${testOf(set, back ? 'b[p - 1]' : 'b[p]')}) p${back ? '--' : '++'};`
  if (least > 0) code += `if (${back ? `q${id} - p` : `p - q${id}`} < ${least}) ${fail};`
  return code
}

/**
 * What follows is tried after the longest match and then after ever shorter ones, or the other way round.
 * @param first what that begins with: most places are left out by the next character alone
 * @param then ends with the statement it is given where what follows does not match
 */
export function tryEach(
  node: Repeat,
  { set, back }: { set: CharSet; back: boolean },
  id: number,
  first: CharSet,
  then: (fail: string) => string,
  fail: string,
): string {
  const { least, most } = node
  const [forth, edge, room] = back ? ['-', 's', 'p - s'] : ['+', 'e', 'e - p']
  const byte = back ? `b[t${id} - 1]` : `b[t${id}]`
  const other = (first & ALL) === ALL ? '' : testOf(first & ALL, byte, false)
  const mayEnd = (first & EDGE) !== 0n
  if (!node.lazy) {
    const taken = takeMost({ ...node, least: 0 }, set, back, id, fail)
    const isShort = least === 0 ? '' : `if (${back ? 'p > l' : 'p < l'}${id}) ${fail};`
    const within = `t${id} ${back ? '<=' : '>='} l${id}`
    const down = `t${id}${back ? '++' : '--'}`
    const from = mayEnd ? 'p' : `p === ${edge} ? p ${back ? '+' : '-'} 1 : p`
    const each = back ? null : eachOf(first & ALL)
    // A loop of its own takes 0.5 ns a byte, as a part of the other, with all that is in that, 2.
    const skip =
      each === null
        ? other && `while (${within} && ${mayEnd ? `t${id} !== ${edge} && ` : ''}${other}) ${down};`
        : `${mayEnd ? `if (t${id} !== ${edge}) ` : ''}t${id} = lastOf(v, l${id}, t${id}, ${each});`
    return `{ const l${id} = p ${forth} ${least}; ${taken} ${isShort} let k${id} = 0;
a${id}: for (let t${id} = ${from}; ; ${down}) { ${skip} if (!(${within})) break; p = t${id}; ${attempt(id)} ${then(`continue a${id}`)} }
${failed(id)} ${fail}; }`
  }
  const limit = most === Infinity ? edge : `${room} > ${most - least} ? p ${forth} ${most - least} : ${edge}`
  const skip = other && `if (t${id} ${mayEnd ? '!' : '='}== ${edge} ${mayEnd ? '&&' : '||'} ${other}) break a${id};`
  return `{ ${takeCount(set, least, back, id, fail)} const l${id} = ${limit}; let k${id} = 0;
for (let t${id} = p;; t${id}${forth}${forth}) {
a${id}: { ${skip} p = t${id}; ${attempt(id)} ${then(`break a${id}`)} }
if (t${id} === l${id} || ${testOf(set, byte, false)}) { ${failed(id)} ${fail}; } } }`
}

function attempt(id: number): string {
  return `if (++k${id} > ${TRIES}) throw FULL;`
}

function failed(id: number): string {
  return `if ((tries += k${id}) > ${TRIES}) throw FULL;`
}

/** Exactly `count` of them. */
export function takeCount(set: CharSet, count: number, back: boolean, id: number, fail: string): string {
  if (count <= UNROLLED) return takeSets(new Array<CharSet>(count).fill(set), back, fail)
  const code = `if (${back ? 'p - s' : 'e - p'} < ${count}) ${fail};`
  if (set === ALL) return `${code} p ${back ? '-' : '+'}= ${count};`
  const test = testOf(set, back ? 'b[p - 1]' : 'b[p]', false)
  return `${code} for (const m${id} = p ${back ? '-' : '+'} ${count}; p !== m${id}; p${back ? '--' : '++'}) if (${test}) ${fail};`
}

export function unset(groups: readonly number[]): string {
  return groups.map((group) => `r[${2 * group}] = r[${2 * group + 1}] = -1;`).join(' ')
}

/** What groups hold is kept as long as a further time of what they are in may fail. */
export function keep(groups: readonly number[]): string {
  return slotsOf(groups)
    .map((slot) => `const g${slot} = r[${slot}];`)
    .join(' ')
}

export function putBack(groups: readonly number[]): string {
  return slotsOf(groups)
    .map((slot) => `r[${slot}] = g${slot};`)
    .join(' ')
}

function slotsOf(groups: readonly number[]): number[] {
  return groups.flatMap((group) => [2 * group, 2 * group + 1])
}

/** Where a group opens and where it closes: backwards it is the other way round. */
export function mark(group: number, isBegin: boolean): string {
  return `r[${2 * group + (isBegin ? 0 : 1)}] = p;`
}

export function takeReference(group: number, id: number, fail: string): string {
  const begin = `r[${2 * group}]`
  return `const n${id} = r[${2 * group + 1}] - ${begin};
if (e - p < n${id}) ${fail};
for (let i = 0; i < n${id}; i++) if (b[p + i] !== b[${begin} + i]) ${fail};
p += n${id};`
}

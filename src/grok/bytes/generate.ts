import { resolveBoundaries } from './boundaries.ts'
import { ALL, EDGE, TABLES, testOf, WORD } from './char-set.ts'
import { lookAt, mark, negated, setsOf, takeCount, takeMost, takeReference, takeSets, unset } from './code.ts'
import { DONE, Follow, type Rest } from './follow.ts'
import type { Match } from './matcher.ts'
import { groupsOf, isNullable, type Node, type Repeat } from './tree.ts'

/** What is done once a node has matched. */
interface Then {
  rest: Rest
  /** JavaScript that ends with one of the two statements. */
  code(succeed: string, fail: string): string
  /** True when it is short: it may be written several times. */
  short?: boolean
}

type Characters = Extract<Node, { kind: 'set' }>

/** Functions that may call one another before the stack is said to be full. A frame takes 100 to 400 bytes. */
const FRAMES = 500
const PARAMETERS = 'b, p, s, e, r'

/** Writes an expression as JavaScript. Of its text nothing gets into that but numbers. */
export function generate(tree: Node): Match {
  const code = new Generator().write(resolveBoundaries(tree))
  const names = TABLES.map((_, i) => `T${i}`)
  return new Function(...names, code)(...TABLES) as Match
}

class Generator {
  readonly #follow = new Follow()
  readonly #functions: string[] = []
  readonly #variables: string[] = []
  #id = 0

  write(tree: Node): string {
    const end: Then = { rest: DONE, code: (succeed) => `r[1] = p; ${succeed};`, short: true }
    const start = this.#function(this.#node(tree, end, 'return true', 'return false'))
    return `'use strict';
let depth = 0;${this.#variables.map((name) => `let ${name} = 0;`).join('')}
const FULL = {};
${this.#functions.join('\n')}
return function match(b, s, e, r) {
r[0] = s; depth = 0;
try { return ${start}(b, s, s, e, r); } catch (error) { if (error === FULL) return null; throw error; }
}`
  }

  #function(body: string, name = `f${this.#id++}`): string {
    this.#functions.push(`function ${name}(${PARAMETERS}) { let c = 0; p |= 0; s |= 0; e |= 0; ${body} }`)
    return name
  }

  /** Written once however often it is used. */
  #shared(then: Then): Then {
    if (then.short) return then
    const name = this.#function(then.code('return true', 'return false'))
    return { rest: then.rest, code: (succeed, fail) => call(name, succeed, fail), short: true }
  }

  /** JavaScript that ends with `succeed` when the node and what follows it match, otherwise with `fail`. */
  #node(node: Node, then: Then, succeed: string, fail: string): string {
    if (this.#follow.isDirect(node, then.rest)) {
      return `${this.#direct(node, then.rest, fail)} ${then.code(succeed, fail)}`
    }
    switch (node.kind) {
      case 'group': {
        const closing: Then = {
          rest: then.rest,
          code: (succeed, fail) => `${mark(node.number, node.back)} ${then.code(succeed, fail)}`,
        }
        return `${mark(node.number, !node.back)} ${this.#node(node.of, closing, succeed, fail)}`
      }
      case 'sequence':
        return this.#sequence(node.of, this.#follow.rests(node.of, then.rest), then, succeed, fail)
      case 'choice':
        return this.#choice(node.of, then, succeed, fail)
      case 'repeat':
        if (node.of.kind === 'set') return this.#setLoop(node, node.of, then, succeed, fail)
        return node.most === 1 && node.least === 0
          ? this.#option(node, then, succeed, fail)
          : this.#loop(node, then, succeed, fail)
      default:
        throw new Error(`${node.kind} matches in one way only`)
    }
  }

  #sequence(nodes: readonly Node[], rests: readonly Rest[], then: Then, succeed: string, fail: string): string {
    const end = nodes.findIndex((node, i) => !this.#follow.isDirect(node, rests[i]))
    if (end < 0) return `${this.#directs(nodes, rests, fail)} ${then.code(succeed, fail)}`
    const [left, leftRests] = [nodes.slice(end + 1), rests.slice(end + 1)]
    const next: Then =
      left.length === 0
        ? then
        : { rest: rests[end], code: (succeed, fail) => this.#sequence(left, leftRests, then, succeed, fail) }
    return `${this.#directs(nodes.slice(0, end), rests, fail)} ${this.#node(nodes[end], next, succeed, fail)}`
  }

  #choice(of: readonly Node[], then: Then, succeed: string, fail: string): string {
    const shared = this.#shared(then)
    const id = this.#id++
    const parts = of.map((node, i) => {
      const others = unset(of.filter((other) => other !== node).flatMap(groupsOf))
      if (i === of.length - 1) return `${others} ${this.#node(node, shared, succeed, fail)}`
      return `a${id}: { ${others} ${this.#node(node, shared, succeed, `break a${id}`)} } p = q${id};`
    })
    return `{ const q${id} = p; ${parts.join('\n')} }`
  }

  #option(node: Repeat, then: Then, succeed: string, fail: string): string {
    const shared = this.#shared(then)
    const id = this.#id++
    const skipped = (fail: string) => `${unset(groupsOf(node.of))} ${shared.code(succeed, fail)}`
    const checked = isNullable(node.of)
    const started = checked ? this.#variable(id, 's') : ''
    const taken: Then = {
      rest: this.#follow.within(node, then.rest),
      code: (succeed, fail) => `${checked ? `if (p === ${started}) ${fail};` : ''} ${shared.code(succeed, fail)}`,
      short: true,
    }
    const take = (fail: string) => {
      if (!checked) return this.#node(node.of, taken, succeed, fail)
      return `const o${id} = ${started}; ${started} = p;
t${id}: { ${this.#node(node.of, taken, succeed, `break t${id}`)} } ${started} = o${id}; ${fail};`
    }
    const [first, second] = node.lazy ? [skipped, take] : [take, skipped]
    return `{ const q${id} = p; a${id}: { ${first(`break a${id}`)} } p = q${id}; ${second(fail)} }`
  }

  #variable(id: number, letter: string): string {
    const name = `${letter}${id}_`
    this.#variables.push(name)
    return name
  }

  /** One set, tried from the longest match down, or from the shortest up. */
  #setLoop(node: Repeat, { set, back }: Characters, then: Then, succeed: string, fail: string): string {
    const id = this.#id++
    const { least, most } = node
    const [forth, edge] = back ? ['-', 's'] : ['+', 'e']
    const byte = back ? `b[t${id} - 1]` : `b[t${id}]`
    // Most places are left out by the next character alone.
    const first = this.#follow.first(then.rest)
    const other = (first & ALL) === ALL ? '' : negated(testOf(first & ALL, byte))
    const mayEnd = (first & EDGE) !== 0n
    if (!node.lazy) {
      const taken = takeMost({ ...node, least: 0 }, set, back, id, fail)
      const isShort = least === 0 ? '' : `if (${back ? 'p > l' : 'p < l'}${id}) ${fail};`
      const [within, down] = back ? ['<=', '++'] : ['>=', '--']
      const from = mayEnd ? 'p' : `p === ${edge} ? p ${back ? '+' : '-'} 1 : p`
      const skip = other && `if (${mayEnd ? `t${id} !== ${edge} && ` : ''}${other}) continue;`
      return `{ const l${id} = p ${forth} ${least}; ${taken} ${isShort}
a${id}: for (let t${id} = ${from}; t${id} ${within} l${id}; t${id}${down}) { ${skip} p = t${id}; ${then.code(succeed, `continue a${id}`)} }
${fail}; }`
    }
    const room = back ? 'p - s' : 'e - p'
    const limit = most === Infinity ? edge : `${room} > ${most - least} ? p ${forth} ${most - least} : ${edge}`
    const skip = other && `if (t${id} ${mayEnd ? '!' : '='}== ${edge} ${mayEnd ? '&&' : '||'} ${other}) break a${id};`
    return `{ ${takeCount(set, least, back, id, fail)} const l${id} = ${limit};
for (let t${id} = p;; t${id}${forth}${forth}) {
a${id}: { ${skip} p = t${id}; ${then.code(succeed, `break a${id}`)} }
if (t${id} === l${id} || !(${testOf(set, byte)})) ${fail}; } }`
  }

  /** A function that calls itself for each time. */
  #loop(node: Repeat, then: Then, succeed: string, fail: string): string {
    const { of, least, most, lazy } = node
    const id = this.#id++
    const name = `f${id}`
    const groups = groupsOf(of)
    const checked = isNullable(of)
    const counted = least > 0 || most !== Infinity
    const count = counted ? this.#variable(id, 'n') : ''
    const started = checked ? this.#variable(id, 's') : ''
    // Only what must be repeated may match nothing.
    const check = (fail: string) =>
      checked ? `if (p === ${started}${least > 0 ? ` && ${count} > ${least}` : ''}) ${fail};` : ''
    const again: Then = {
      rest: this.#follow.within(node, then.rest),
      code: (succeed, fail) => `${check(fail)} ${call(name, succeed, fail)}`,
      short: true,
    }
    const before = this.#functions.length
    const body = this.#node(of, again, 'return true', `break t${id}`)
    const frames = this.#functions.length - before + 1
    const slots = groups.flatMap((group) => [2 * group, 2 * group + 1])
    const keep = slots.map((slot) => `const g${slot} = r[${slot}];`).join('')
    const restore = slots.map((slot) => `r[${slot}] = g${slot};`).join('')
    const onceMore = `${counted && most !== Infinity ? `if (n < ${most})` : ''} {
${keep}${counted ? `${count} = n + 1;` : ''}${checked ? `${started} = p;` : ''}
t${id}: { ${body} }
${counted ? `${count} = n;` : ''}${checked ? `${started} = o;` : ''} p = q; ${restore} }`
    const leave = `${least > 0 ? `if (n >= ${least})` : ''} { k${id}: { ${then.code('return true', `break k${id}`)} } p = q; }`
    const [first, second] = lazy ? [leave, onceMore] : [onceMore, leave]
    this.#function(
      `if ((depth += ${frames}) > ${FRAMES}) throw FULL; const q = p;${counted ? `const n = ${count};` : ''}${checked ? `const o = ${started};` : ''}
${first} ${second} depth -= ${frames}; return false;`,
      name,
    )
    const [old, set, back] = [
      [count, started].filter(Boolean).map((variable, i) => `const o${id}_${i} = ${variable};`),
      [count && `${count} = 0;`, started && `${started} = -1;`],
      [count, started].filter(Boolean).map((variable, i) => `${variable} = o${id}_${i};`),
    ]
    return `{ ${unset(groups)} ${old.join('')} ${set.join('')} c${id}: { ${call(name, succeed, `break c${id}`)} } ${back.join('')} ${fail}; }`
  }

  #directs(nodes: readonly Node[], rests: readonly Rest[], fail: string): string {
    let code = ''
    for (let i = 0; i < nodes.length; ) {
      const first = setsOf(nodes[i])
      if (first === null) {
        code += this.#direct(nodes[i], rests[i], fail)
        i++
        continue
      }
      const sets = [...first.sets]
      for (i++; i < nodes.length; i++) {
        const more = setsOf(nodes[i])
        if (more === null) break
        sets.push(...more.sets)
      }
      code += takeSets(sets, first.back, fail)
    }
    return code
  }

  /** JavaScript that goes on after it when the node matches, in the first way that it does, otherwise ends with `fail`. */
  #direct(node: Node, rest: Rest, fail: string): string {
    const id = this.#id++
    switch (node.kind) {
      case 'set':
        return takeSets([node.set], node.back, fail)
      case 'sequence':
        return this.#directs(node.of, this.#follow.rests(node.of, rest), fail)
      case 'group':
        return `${mark(node.number, !node.back)} ${this.#direct(node.of, rest, fail)} ${mark(node.number, node.back)}`
      case 'choice': {
        const parts = node.of.map((one, i) => {
          const others = unset(node.of.filter((other) => other !== one).flatMap(groupsOf))
          if (i === node.of.length - 1) return `${others} ${this.#direct(one, rest, fail)}`
          return `a${id}: { ${others} ${this.#direct(one, rest, `break a${id}`)} break d${id}; } p = q${id};`
        })
        return `d${id}: { const q${id} = p; ${parts.join('\n')} }`
      }
      case 'repeat':
        return this.#directLoop(node, rest, id, fail)
      case 'look':
        return this.#look(node, rest, id, fail)
      case 'atomic':
        return `{ ${this.#once(node.of, id, fail)} p = r[${2 * node.number + 1}]; }`
      case 'reference':
        return `{ ${takeReference(node.number, id, fail)} }`
      case 'edge':
        return `if (p !== ${node.end ? 'e' : 's'}) ${fail};`
      case 'boundary': {
        const word = (room: string, at: string) => `(${room} && ${testOf(WORD, `b[${at}]`)})`
        const same = `${word('p !== s', 'p - 1')} ${node.negative ? '!==' : '==='} ${word('p !== e', 'p')}`
        return `if (${same}) ${fail};`
      }
    }
  }

  #directLoop(node: Repeat, rest: Rest, id: number, fail: string): string {
    const { of, least, lazy } = node
    const most = lazy && this.#follow.isSure(rest) ? least : node.most
    if (most === 0) return unset(groupsOf(of))
    if (of.kind === 'set') {
      if (least === most) return `{ ${takeCount(of.set, least, of.back, id, fail)} }`
      return `{ ${takeMost({ ...node, most }, of.set, of.back, id, fail)} }`
    }
    const within = this.#follow.within(node, rest)
    const groups = groupsOf(of)
    if (most === 1 && least === 0) {
      return `d${id}: { const q${id} = p; a${id}: { ${this.#direct(of, within, `break a${id}`)} break d${id}; } p = q${id}; ${unset(groups)} }`
    }
    const slots = groups.flatMap((group) => [2 * group, 2 * group + 1])
    const keep = slots.map((slot) => `const g${slot} = r[${slot}];`).join('')
    const restore = slots.map((slot) => `r[${slot}] = g${slot};`).join('')
    const counted = least > 0 || most !== Infinity
    return `{ ${unset(groups)} ${counted ? `let n${id} = 0;` : ''}
d${id}: while (${most === Infinity ? 'true' : `n${id} < ${most}`}) { const q${id} = p; ${keep}
a${id}: { ${this.#direct(of, within, `break a${id}`)} ${counted ? `n${id}++;` : ''} continue d${id}; }
p = q${id}; ${restore} break; }
${least > 0 ? `if (n${id} < ${least}) ${fail};` : ''} }`
  }

  #look(node: Extract<Node, { kind: 'look' }>, rest: Rest, id: number, fail: string): string {
    const { of, ahead, negative } = node
    if (of.kind === 'set') {
      if (ahead !== node.back && !negative && (this.#follow.first(rest) & ~of.set) === 0n) return ''
      return lookAt(of.set, ahead, negative, fail)
    }
    if (!negative) {
      return `{ const q${id} = p; ${this.#once(of, id, fail)} p = q${id}; }`
    }
    return `{ const q${id} = p; a${id}: { ${this.#once(of, id, `break a${id}`)} ${fail}; }
p = q${id}; ${unset(groupsOf(of))} }`
  }

  /** The node by itself: once it has matched it is not tried in other ways. */
  #once(node: Node, id: number, fail: string): string {
    const end: Then = { rest: DONE, code: (succeed) => `${succeed};`, short: true }
    const before = this.#functions.length
    const code = `d${id}: { ${this.#node(node, end, `break d${id}`, fail)} }`
    return this.#functions.length === before ? code : `const h${id} = depth; ${code} depth = h${id};`
  }
}

/** Calls a function and leaves as it says. */
function call(name: string, succeed: string, fail: string): string {
  if (succeed === 'return true' && fail === 'return false') return `return ${name}(${PARAMETERS});`
  return `if (${name}(${PARAMETERS})) ${succeed}; ${fail};`
}

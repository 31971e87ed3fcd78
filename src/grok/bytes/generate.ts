import { resolveBoundaries } from './boundaries.ts'
import { TABLES } from './char-set.ts'
import { keep, mark, putBack, TRIES, tryEach, unset } from './code.ts'
import { Direct, type Then, type Writer } from './direct.ts'
import { Follow } from './follow.ts'
import type { ByteMatcher } from './matcher.ts'
import type { Rest } from './rest.ts'
import { firstOf, lastOf } from './skip.ts'
import { groupsOf, isNullable, type Node, type Repeat } from './tree.ts'

/** Functions that may call one another before the stack is said to be full. A frame takes 100 to 400 bytes. */
const FRAMES = 500
const PARAMETERS = 'b, v, p, s, e, r'

/**
 * Writes an expression as JavaScript, of whose text nothing gets into that but numbers.
 *
 * What can match in one way only, given what follows it, becomes plain code: most of grok does. Otherwise what follows is
 * written into the place where a way is chosen; `return true`, or a jump out of what looks ahead, ends the search, and a
 * jump to the next way goes on with it. What follows several ways becomes a function, so that there is as much code as
 * there is expression. Groups need not be put back when a way fails: those that may be skipped are unset before.
 *
 * `p |= 0` tells V8 that places are small integers; without it loops ran 1.3 times as long.
 */
export function generate(tree: Node): ByteMatcher['match'] {
  const code = new Generator().write(resolveBoundaries(tree))
  const names = TABLES.map((_, i) => `T${i}`)
  return new Function('firstOf', 'lastOf', ...names, code)(firstOf, lastOf, ...TABLES) as ByteMatcher['match']
}

class Generator implements Writer {
  readonly follow = new Follow()
  readonly functions: string[] = []
  readonly #direct = new Direct(this)
  readonly #variables: string[] = []
  #id = 0

  id(): number {
    return this.#id++
  }

  write(tree: Node): string {
    const end: Then = { rest: this.follow.done, code: (succeed) => `r[1] = p; ${succeed};`, short: true }
    const start = this.#function(this.node(tree, end, 'return true', 'return false'))
    return `'use strict';
let depth = 0; let tries = 0; ${this.#variables.map((name) => `let ${name} = 0;`).join('')}
const FULL = {};
${this.functions.join('\n')}
return function match(m, s, e, r) {
r[0] = s; depth = tries = 0;
try { return ${start}(m.bytes, m.view, s, s, e, r); } catch (error) { if (error === FULL || error instanceof RangeError) return null; throw error; }
}`
  }

  #function(body: string, name = `f${this.id()}`): string {
    this.functions.push(`function ${name}(${PARAMETERS}) { let c = 0; p |= 0; s |= 0; e |= 0; ${body} }`)
    return name
  }

  /** Written once however often it is used. */
  #shared(then: Then): Then {
    if (then.short) return then
    const name = this.#function(then.code('return true', 'return false'))
    return { rest: then.rest, code: (succeed, fail) => call(name, succeed, fail), short: true }
  }

  /** JavaScript that ends with `succeed` when the node and what follows it match, otherwise with `fail`. */
  node(node: Node, then: Then, succeed: string, fail: string): string {
    if (this.follow.isDirect(node, then.rest)) {
      return `${this.#direct.node(node, then.rest, fail)} ${then.code(succeed, fail)}`
    }
    switch (node.kind) {
      case 'group': {
        const closing: Then = {
          rest: then.rest,
          code: (succeed, fail) => `${mark(node.number, node.back)} ${then.code(succeed, fail)}`,
        }
        return `${mark(node.number, !node.back)} ${this.node(node.of, closing, succeed, fail)}`
      }
      case 'sequence':
        return this.#sequence(node.of, this.follow.rests(node.of, then.rest), then, succeed, fail)
      case 'choice':
        return this.#choice(node.of, then, succeed, fail)
      case 'repeat':
        if (node.of.kind === 'set') {
          const first = this.follow.first(then.rest)
          return tryEach(node, node.of, this.id(), first, (fail) => then.code(succeed, fail), fail)
        }
        return node.most === 1 && node.least === 0
          ? this.#option(node, then, succeed, fail)
          : this.#loop(node, then, succeed, fail)
      default:
        throw new Error(`${node.kind} matches in one way only`)
    }
  }

  #sequence(nodes: readonly Node[], rests: readonly Rest[], then: Then, succeed: string, fail: string): string {
    const end = nodes.findIndex((node, i) => !this.follow.isDirect(node, rests[i]))
    if (end < 0) return `${this.#direct.sequence(nodes, rests, fail)} ${then.code(succeed, fail)}`
    const [left, leftRests] = [nodes.slice(end + 1), rests.slice(end + 1)]
    const next: Then =
      left.length === 0
        ? then
        : { rest: rests[end], code: (succeed, fail) => this.#sequence(left, leftRests, then, succeed, fail) }
    return `${this.#direct.sequence(nodes.slice(0, end), rests, fail)} ${this.node(nodes[end], next, succeed, fail)}`
  }

  #choice(of: readonly Node[], then: Then, succeed: string, fail: string): string {
    const shared = this.#shared(then)
    const id = this.id()
    const parts = of.map((node, i) => {
      if (i === of.length - 1) return this.node(node, shared, succeed, fail)
      const tried = this.node(node, shared, succeed, `break a${id}`)
      return `a${id}: { ${tried} } p = q${id}; ${unset(groupsOf(node))}`
    })
    return `{ const q${id} = p; ${unset(of.flatMap(groupsOf))} ${parts.join('\n')} }`
  }

  #option(node: Repeat, then: Then, succeed: string, fail: string): string {
    const shared = this.#shared(then)
    const id = this.id()
    const skipped = (fail: string) => `${unset(groupsOf(node.of))} ${shared.code(succeed, fail)}`
    const checked = isNullable(node.of)
    const started = checked ? this.#variable(id, 's') : ''
    const taken: Then = {
      rest: this.follow.within(node, then.rest),
      code: (succeed, fail) => `${checked ? `if (p === ${started}) ${fail};` : ''} ${shared.code(succeed, fail)}`,
      short: true,
    }
    const take = (fail: string) => {
      if (!checked) return this.node(node.of, taken, succeed, fail)
      return `const o${id} = ${started}; ${started} = p;
t${id}: { ${this.node(node.of, taken, succeed, `break t${id}`)} } ${started} = o${id}; ${fail};`
    }
    const [first, second] = node.lazy ? [skipped, take] : [take, skipped]
    return `{ const q${id} = p; a${id}: { ${first(`break a${id}`)} } p = q${id}; ${second(fail)} }`
  }

  #variable(id: number, letter: string): string {
    const name = `${letter}${id}_`
    this.#variables.push(name)
    return name
  }

  /** A function that calls itself for each time. */
  #loop(node: Repeat, then: Then, succeed: string, fail: string): string {
    const { of, least, most, lazy } = node
    const id = this.id()
    const name = `f${id}`
    const groups = groupsOf(of)
    // What has to last over several calls: how many times there were, and where this time began.
    const count = least > 0 || most !== Infinity ? this.#variable(id, 'n') : ''
    const started = isNullable(of) ? this.#variable(id, 's') : ''
    const variables = [count, started].filter((variable) => variable !== '')
    const save = variables.map((variable) => `const old_${variable} = ${variable};`).join(' ')
    const restore = variables.map((variable) => `${variable} = old_${variable};`).join(' ')
    const again: Then = {
      rest: this.follow.within(node, then.rest),
      // Nothing may be taken only as long as it is too few times.
      code: (succeed, fail) =>
        `${started && `if (p === ${started}${least > 0 ? ` && ${count} > ${least}` : ''}) ${fail};`} ${call(name, succeed, fail)}`,
      short: true,
    }
    const before = this.functions.length
    const body = this.node(of, again, 'return true', `break t${id}`)
    const frames = this.functions.length - before + 1
    const onceMore = `${most !== Infinity ? `if (${count} < ${most})` : ''} { ${keep(groups)}
${count && `${count}++;`} ${started && `${started} = p;`}
t${id}: { ${body} } ${restore} p = q; ${putBack(groups)} }`
    const leave = `${least > 0 ? `if (${count} >= ${least})` : ''} { k${id}: { ${then.code('return true', `break k${id}`)} } p = q; }`
    const [first, second] = lazy ? [leave, onceMore] : [onceMore, leave]
    this.#function(
      `if ((depth += ${frames}) > ${FRAMES}) throw FULL; const q = p; ${save}
${first} ${second} depth -= ${frames}; return false;`,
      name,
    )
    const start = `${count && `${count} = 0;`} ${started && `${started} = -1;`}`
    return `{ ${unset(groups)} ${save} ${start} c${id}: { ${call(name, succeed, `break c${id}`)} } ${restore} ${fail}; }`
  }
}

/** Calls a function and leaves as it says. */
function call(name: string, succeed: string, fail: string): string {
  if (succeed === 'return true' && fail === 'return false') return `return ${name}(${PARAMETERS});`
  return `if (${name}(${PARAMETERS})) ${succeed}; if (++tries > ${TRIES}) throw FULL; ${fail};`
}

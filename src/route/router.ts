import { closest } from 'fastest-levenshtein'
import { UserError } from '../errors.ts'
import type { Decision, DynamicFields, RoutePlan } from './decision.ts'
import { DecisionTree, type TreeNode } from './decision-tree.ts'
import { type Answer, compileFilter, type Filter } from './filter.ts'
import { FilterError } from './filter-error.ts'
import { LineText } from './line-text.ts'

/**
 * One route. Without a filter it takes every line. `archive` and `deliver` say where the line goes: their absence means
 * the config's archive and all outputs, `false` means nowhere.
 */
export interface RouteOptions {
  name: string
  filter?: string
  service?: string
  datasets?: string[]
  archive?: string | false
  deliver?: string[] | false
  /** The line ends here: neither archived nor delivered, counted under the route's name. */
  drop?: boolean
  /** The line is taken, and goes on to the next route all the same. */
  continue?: boolean
}

export interface RouterOptions {
  routes: readonly RouteOptions[]
  /** Filters by name, for `filter(name)`. */
  filters: Readonly<Record<string, string>>
  /** The archive template of lines whose routes say none; null: not archived. */
  archive: string | null
  outputs: readonly string[]
}

interface Route {
  index: number
  filter: Filter
  goesOn: boolean
}

/** A route that may take a line of a source: `asks` has to be asked, or null when it surely takes it. */
interface Step {
  index: number
  asks: Exclude<Answer, boolean> | null
  goesOn: boolean
}

/**
 * Sorts lines: the first route whose filter matches takes the line, one with `continue` takes it and lets it go on; a
 * line that no route keeps is `unrouted`, archived and delivered as the config says.
 */
export class Router {
  readonly #routes: readonly Route[]
  readonly #tree: DecisionTree
  /** By the index of the decision. */
  readonly #fixedPlans: (RoutePlan | undefined)[] = []
  readonly #line = new LineText({ message: () => '', match: () => '', sender: '', tags: [] })

  /** @throws FilterError, UserError (exit code 78) */
  constructor({ routes, filters, archive, outputs }: RouterOptions) {
    checkRoutes(routes, outputs)
    const resolve = namedFilters(filters)
    this.#routes = routes.map(({ name, filter, continue: goesOn = false }, index) => ({
      index,
      filter: filter === undefined ? () => true : compiled(filter, `route "${name}"`, resolve, filters),
      goesOn,
    }))
    this.#tree = new DecisionTree(routes, archive, outputs)
  }

  /** Those made so far; grows as lines come, up to the number of subsets of routes that lines can take. */
  get decisions(): readonly Decision[] {
    return this.#tree.decisions
  }

  /** Everything that depends on these four is decided here, once a source. */
  plan(host: string, program: string, facility: number, severity: number): RoutePlan {
    const source = { host, program, facility, severity }
    const steps: Step[] = []
    for (const { index, filter, goesOn } of this.#routes) {
      const answer = filter(source)
      if (answer === false) continue
      steps.push({ index, goesOn, asks: answer === true ? null : answer })
      if (answer === true && !goesOn) break
    }
    return this.#planOf(steps)
  }

  #planOf(steps: readonly Step[]): RoutePlan {
    // Sure steps in front need no asking: they are one node of the tree.
    let start = this.#tree.root
    let first = 0
    for (const { index, asks, goesOn } of steps) {
      if (asks !== null) break
      start = this.#tree.after(start, index)
      first++
      if (!goesOn) return this.#fixed(this.#tree.decision(start))
    }
    const asked = steps.slice(first)
    if (asked.length === 0) return this.#fixed(this.#tree.decision(start))
    return { fixed: null, decide: (fields) => this.#decide(start, asked, fields) }
  }

  #fixed(decision: Decision): RoutePlan {
    let plan = this.#fixedPlans[decision.index]
    if (plan === undefined) {
      plan = { fixed: decision, decide: () => decision }
      this.#fixedPlans[decision.index] = plan
    }
    return plan
  }

  #decide(start: TreeNode, steps: readonly Step[], fields: DynamicFields): Decision {
    const line = this.#line.reset(fields)
    let node = start
    for (const { index, asks, goesOn } of steps) {
      if (asks !== null && !asks(line)) continue
      node = this.#tree.after(node, index)
      if (!goesOn) break
    }
    return this.#tree.decision(node)
  }
}

/** Compiles named filters when they are first asked for, each once. */
function namedFilters(filters: Readonly<Record<string, string>>): (name: string) => Filter | undefined {
  const done = new Map<string, Filter>()
  const underWay: string[] = []
  const resolve = (name: string): Filter | undefined => {
    const text = Object.hasOwn(filters, name) ? filters[name] : undefined
    const known = done.get(name)
    if (text === undefined || known !== undefined) return known
    if (underWay.includes(name)) {
      const circle = [...underWay.slice(underWay.indexOf(name)), name].join(' → ')
      throw new UserError(`filters: a filter that asks itself never ends: ${circle}`, 78)
    }
    underWay.push(name)
    const filter = compiled(text, `filter "${name}"`, resolve, filters)
    underWay.pop()
    done.set(name, filter)
    return filter
  }
  // All of them now, so that a mistake in one that no route uses is found as well.
  for (const name of Object.keys(filters)) resolve(name)
  return resolve
}

function compiled(
  text: string,
  source: string,
  resolve: (name: string) => Filter | undefined,
  filters: Readonly<Record<string, string>>,
): Filter {
  try {
    return compileFilter(text, resolve, Object.keys(filters))
  } catch (error) {
    throw error instanceof FilterError && error.source === undefined ? error.from(source) : error
  }
}

function checkRoutes(routes: readonly RouteOptions[], outputs: readonly string[]): void {
  const names = new Set<string>(['unrouted'])
  for (const route of routes) {
    const fail = (problem: string): never => {
      throw new UserError(`route "${route.name}": ${problem}`, 78)
    }
    if (route.name === 'unrouted') fail('this name is kept for lines that no route takes: choose another')
    if (names.has(route.name)) fail('there are two routes of this name: choose another for one of them')
    names.add(route.name)
    if (route.drop === true && (route.continue === true || Boolean(route.archive) || Boolean(route.deliver))) {
      fail('a dropped line goes nowhere else: leave out either drop or continue, archive and deliver')
    }
    for (const output of route.deliver === false ? [] : (route.deliver ?? [])) {
      if (outputs.includes(output)) continue
      const hint = outputs.length === 0 ? 'the config has no outputs' : `did you mean ${closest(output, [...outputs])}?`
      fail(`deliver: there is no output "${output}": ${hint}`)
    }
  }
}

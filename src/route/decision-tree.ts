import type { Decision } from './decision.ts'
import type { RouteOptions } from './router.ts'

/** The routes that took a line so far, as a path; `decision` is made when a line first ends here. */
export interface TreeNode {
  taken: readonly number[]
  next: Map<number, TreeNode>
  decision: Decision | null
}

/**
 * Interns decisions by the routes that took the line. Bounded by the config: a path holds routes with `continue` in
 * their order and one other at its end, whatever the lines say.
 */
export class DecisionTree {
  readonly root: TreeNode = { taken: [], next: new Map(), decision: null }
  readonly decisions: Decision[] = []
  readonly #routes: readonly RouteOptions[]
  readonly #archive: string | null
  readonly #outputs: readonly string[]

  constructor(routes: readonly RouteOptions[], archive: string | null, outputs: readonly string[]) {
    this.#routes = routes
    this.#archive = archive
    this.#outputs = outputs
  }

  after(node: TreeNode, route: number): TreeNode {
    const known = node.next.get(route)
    if (known !== undefined) return known
    const fresh: TreeNode = { taken: [...node.taken, route], next: new Map(), decision: null }
    node.next.set(route, fresh)
    return fresh
  }

  decision(node: TreeNode): Decision {
    if (node.decision === null) {
      node.decision = this.#decide(node.taken)
      this.decisions.push(node.decision)
    }
    return node.decision
  }

  /**
   * Routes with `continue` add what they name; the last answer, a route without `continue` or `unrouted`, stands for
   * the config's archive and outputs where it names none. A drop wins over all: the line is gone as a whole.
   */
  #decide(taken: readonly number[]): Decision {
    const routes = taken.map((index) => this.#routes[index]).filter((route) => route !== undefined)
    const last = routes.at(-1)
    const kept = last !== undefined && last.continue !== true ? last : { name: 'unrouted' }
    const names = [...new Set([...routes.map((route) => route.name), kept.name])]
    const said: Omit<RouteOptions, 'name'>[] = kept.name === 'unrouted' ? [...routes, kept] : routes
    const archives = new Set<string>()
    const outputs = new Set<string>()
    for (const route of said) {
      const isLast = route === kept
      const archive = route.archive ?? (isLast ? this.#archive : null)
      if (archive) archives.add(archive)
      const deliver = route.deliver ?? (isLast ? this.#outputs : [])
      if (deliver) for (const output of deliver) outputs.add(output)
    }
    const drop = routes.find((route) => route.drop === true)?.name ?? null
    return {
      index: this.decisions.length,
      routes: names,
      service: routes.find((route) => route.service !== undefined)?.service ?? null,
      datasets: routes.find((route) => route.datasets !== undefined)?.datasets ?? null,
      archives: drop === null ? [...archives] : [],
      outputs: drop === null ? [...outputs] : [],
      drop,
    }
  }
}

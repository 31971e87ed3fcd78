/** What the routes made of a line. Decisions are few and interned: the router returns the same object again. */
export interface Decision {
  /** Dense, from 0, unique per router: an index for counters. */
  index: number
  /**
   * Names of the routes that took the line, in order, and `unrouted` at the end when none of them kept it: when none
   * took it, or only routes with `continue` did. Never empty.
   */
  routes: readonly string[]
  /** What the archive and the event call the service; null: the line's program. From the first route that says one. */
  service: string | null
  /** The datasets that the line is tried on; null: those of its program. From the first route that says any. */
  datasets: readonly string[] | null
  /**
   * Archive path templates the line goes to, each once: the routes' own, and the config's where the last answer names
   * none. Empty: not archived.
   */
  archives: readonly string[]
  /** Outputs the event goes to: the routes' own, and all where the last answer names none. Empty: archived only. */
  outputs: readonly string[]
  /** Name of the rule that dropped it (then `archives` and `outputs` are empty), otherwise null. */
  drop: string | null
}

/** What a filter can ask beyond host, program, facility and severity; asked only when a route needs it. */
export interface DynamicFields {
  /** The text after the header. */
  message(): string
  /** The tag and the text, as syslog-ng's `match()` without `value()` sees it: `program[pid]: message`. */
  match(): string
  /** The sender's IP address. */
  sender: string
  tags: readonly string[]
}

/** What is left to decide once host, program, facility and severity are known. Remembered per source by the lane. */
export interface RoutePlan {
  /** The decision, when it depends on those four alone; otherwise null, and `decide` must be asked for each line. */
  fixed: Decision | null
  decide(fields: DynamicFields): Decision
}

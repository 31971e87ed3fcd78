/** What becomes of an event. Blocked ones wait: for their index alone, or with all that this output has. */
export type Fate = 'done' | 'duplicate' | 'retry' | 'dead' | 'index blocked' | 'cluster blocked'

/** What becomes of a request that was refused as a whole. `halve`: one of its events is to blame, or their number. */
export type RequestFate = 'retry' | 'halve' | 'cluster blocked'

export interface Rule<F> {
  /** First and last. */
  status: readonly [from: number, to: number]
  /** Any of these; absent: whatever it is. */
  types?: readonly string[]
  failureStore?: 'used'
  fate: F
  /** For the docs. */
  meaning: string
}

const only = (status: number): readonly [number, number] => [status, status]

/** The first that fits counts. Names of errors: those that Elasticsearch 8 and 9 answer with. */
export const ITEM_RULES: readonly Rule<Fate>[] = [
  {
    status: [200, 299],
    failureStore: 'used',
    fate: 'dead',
    meaning: 'refused, and kept in the failure store of its data stream',
  },
  { status: [200, 299], fate: 'done', meaning: 'taken' },
  {
    status: only(409),
    types: ['version_conflict_engine_exception'],
    fate: 'duplicate',
    meaning: 'its id is there already: delivered before',
  },
  { status: only(400), types: ['index_closed_exception'], fate: 'index blocked', meaning: 'the index is closed' },
  {
    status: only(400),
    types: ['validation_exception'],
    fate: 'index blocked',
    meaning: 'the index cannot be made: too many shards',
  },
  { status: only(401), fate: 'cluster blocked', meaning: 'user, password or key are not known' },
  { status: only(403), fate: 'index blocked', meaning: 'the index is read-only, or the user may not write to it' },
  { status: only(404), fate: 'index blocked', meaning: 'there is no such index, and it may not be made' },
  {
    status: only(429),
    types: ['cluster_block_exception'],
    fate: 'cluster blocked',
    meaning: 'a disk is full (flood stage)',
  },
  { status: only(429), fate: 'retry', meaning: 'too many requests' },
  {
    status: only(503),
    types: ['cluster_block_exception'],
    fate: 'cluster blocked',
    meaning: 'no master, or the cluster starts',
  },
  {
    status: only(503),
    types: ['unavailable_shards_exception'],
    fate: 'index blocked',
    meaning: 'a shard of the index is nowhere',
  },
  { status: [500, 599], fate: 'retry', meaning: 'a node failed' },
  { status: [400, 499], fate: 'dead', meaning: 'the document does not fit its mapping, or is none' },
]

const MALFORMED = [
  'illegal_argument_exception',
  'action_request_validation_exception',
  'parse_exception',
  'parsing_exception',
  'x_content_parse_exception',
  'json_parse_exception',
  'not_x_content_exception',
]

export const REQUEST_RULES: readonly Rule<RequestFate>[] = [
  { status: only(413), fate: 'halve', meaning: 'too large' },
  { status: only(400), types: MALFORMED, fate: 'halve', meaning: 'one event makes the request unreadable' },
  {
    status: only(429),
    types: ['cluster_block_exception'],
    fate: 'cluster blocked',
    meaning: 'a disk is full (flood stage)',
  },
  { status: only(429), fate: 'retry', meaning: 'too many requests; halved when nothing else is under way' },
  {
    status: only(503),
    types: ['cluster_block_exception'],
    fate: 'cluster blocked',
    meaning: 'no master, or the cluster starts',
  },
  { status: [500, 599], fate: 'retry', meaning: 'a node or a proxy failed; another node is tried at once' },
  {
    status: [0, 499],
    fate: 'cluster blocked',
    meaning: 'user or key are not known or have no right, the cluster is read-only, this is no Elasticsearch',
  },
]

/** What an answer says about one event. An answer that is not known is a reason to try again, never to give up. */
export function fateOf(status: number, type?: string, failureStore?: string): Fate {
  return ruleFor(ITEM_RULES, status, type, failureStore)?.fate ?? 'retry'
}

/** What an answer says about the whole request. */
export function requestFateOf(status: number, type?: string): RequestFate {
  return ruleFor(REQUEST_RULES, status, type)?.fate ?? 'retry'
}

function ruleFor<F>(rules: readonly Rule<F>[], status: number, type = '', failureStore = ''): Rule<F> | undefined {
  return rules.find(
    (rule) =>
      status >= rule.status[0] &&
      status <= rule.status[1] &&
      (rule.types === undefined || rule.types.includes(type)) &&
      (rule.failureStore === undefined || rule.failureStore === failureStore),
  )
}

import { z } from 'zod'
import { type Asked, ask, MASTER } from './cluster-request.ts'
import type { Lock, Read, Term } from './election.ts'

/** Holds one small document per `index` of the configs that share a cluster. */
export const LOCK_INDEX = 'sluice-election'

interface Version {
  number: number
  term: number
}

const Found = z.object({
  found: z.boolean().default(false),
  _seq_no: z.int().optional(),
  _primary_term: z.int().optional(),
  _source: z.object({ holder: z.string().nullable(), lease: z.number() }).optional(),
})
const Written = z.object({ _seq_no: z.int().optional(), _primary_term: z.int().optional() })

/** https://www.elastic.co/docs/reference/elasticsearch/rest-apis/optimistic-concurrency-control */
export class ElectionLock implements Lock<Version> {
  readonly #cluster: Asked
  readonly #path: string

  /** @param subject what is led. */
  constructor(cluster: Asked, subject: string) {
    this.#cluster = cluster
    this.#path = `/${LOCK_INDEX}/_doc/${encodeURIComponent(subject)}`
  }

  async read(): Promise<Read<Version> | null> {
    const answer = await ask(this.#cluster, { path: this.#path, expected: [404] }, Found)
    const { found, _seq_no: number, _primary_term: term, _source: source } = answer
    if (!found || number === undefined || term === undefined) {
      await this.#create()
      return null
    }
    // A document that is not ours to understand is nobody's term.
    return { term: source ?? { holder: null, lease: 0 }, version: { number, term } }
  }

  async write(term: Term, previous: Version | null): Promise<Version | null> {
    const condition =
      previous === null ? 'op_type=create' : `if_seq_no=${previous.number}&if_primary_term=${previous.term}`
    const answer = await ask(
      this.#cluster,
      { method: 'PUT', path: `${this.#path}?${condition}`, body: term, expected: [409] },
      Written,
    )
    const { _seq_no: number, _primary_term: written } = answer
    return number === undefined || written === undefined ? null : { number, term: written }
  }

  /** By hand, so that no template decides how it is made. */
  async #create(): Promise<void> {
    const body = {
      settings: { 'index.number_of_shards': 1, 'index.auto_expand_replicas': '0-2', 'index.hidden': true },
      mappings: { _meta: { managed_by: 'sluice' }, enabled: false },
    }
    const question = { method: 'PUT' as const, path: `/${LOCK_INDEX}?${MASTER}`, body, expected: [400] }
    await ask(this.#cluster, question, z.unknown())
  }
}

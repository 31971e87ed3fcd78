import { z } from 'zod'
import type { Cluster } from './support/elasticsearch.ts'

const count = z.object({ count: z.number() })
const page = z.object({ _scroll_id: z.string(), hits: z.object({ hits: z.array(z.object({ _id: z.string() })) }) })

/** What the indices hold: documents, and how many different ids they have. Refresh before. */
export async function documentsOf(cluster: Cluster, indices: string): Promise<{ events: number; ids: number }> {
  const ids = new Set<string>()
  let events = 0
  const first = { size: 10_000, _source: false, sort: ['_doc'], query: { match_all: {} } }
  const read = async (answer: Promise<unknown>) => page.parse(await answer)
  for (
    let answer = await read(cluster.call('POST', `/${indices}/_search?scroll=1m`, first));
    answer.hits.hits.length > 0;
    answer = await read(cluster.call('POST', '/_search/scroll', { scroll: '1m', scroll_id: answer._scroll_id }))
  ) {
    for (const { _id } of answer.hits.hits) ids.add(_id)
    events += answer.hits.hits.length
  }
  return { events, ids: ids.size }
}

/** Of each of these hosts. */
export async function eventsPerHost(
  cluster: Cluster,
  indices: string,
  hosts: readonly string[],
): Promise<Map<string, number>> {
  const counts = hosts.map(async (host): Promise<[string, number]> => {
    const query = { match_phrase: { 'host.name': host } }
    return [host, count.parse(await cluster.call('POST', `/${indices}/_count`, { query })).count]
  })
  return new Map(await Promise.all(counts))
}

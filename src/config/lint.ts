import type { Finding } from './cross-check.ts'
import { filtersIn } from './filter-references.ts'
import type { Config } from './schema.ts'

/** What is allowed, but probably not meant. */
export function lint(config: Config): Finding[] {
  return [...unreachable(config), ...unused(config), ...nowhere(config)]
}

function unreachable({ routes }: Config): Finding[] {
  const all = routes.findIndex((route) => route.filter === undefined && !route.continue)
  return routes.flatMap((route, index) => {
    const same = routes.findIndex(
      (other) => !other.continue && other.filter !== undefined && other.filter.trim() === route.filter?.trim(),
    )
    const by = all !== -1 && all < index ? all : same !== -1 && same < index ? same : undefined
    if (by === undefined) return []
    const reason = by === all ? 'takes every line' : 'has the same filter'
    return [
      { path: ['routes', index], message: `route '${route.name}' is never reached: '${routes[by].name}' ${reason}` },
    ]
  })
}

function unused({ filters, routes }: Config): Finding[] {
  const texts = [...Object.values(filters), ...routes.flatMap(({ filter }) => filter ?? [])]
  const used = texts.flatMap(filtersIn)
  return Object.keys(filters)
    .filter((name) => !used.includes(name))
    .map((name) => ({ path: ['filters', name], message: `filter '${name}' is not used by any route` }))
}

/** Lines that are received, and then kept nowhere. */
function nowhere({ archive, deliver, receive, routes }: Config): Finding[] {
  if (receive.length === 0) return [{ path: [], message: 'there are no inputs: nothing will be received' }]
  const kept = archive !== false || deliver.length > 0
  if (!kept)
    return [{ path: [], message: 'neither archive nor deliver: only routes with an archive of their own keep lines' }]
  return routes.flatMap((route, index) =>
    !route.drop &&
    !route.continue &&
    (route.archive ?? archive) === false &&
    (route.deliver === false || deliver.length === 0)
      ? [
          {
            path: ['routes', index],
            message: `route '${route.name}' keeps its lines nowhere; say drop: true if that is meant`,
          },
        ]
      : [],
  )
}

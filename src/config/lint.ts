import { lintFilter, lintRoutes, type Warning } from '../route/lint.ts'
import type { Finding } from './cross-check.ts'
import { filtersIn } from './filter-references.ts'
import type { Config } from './schema.ts'

/** What is allowed, but probably not meant. */
export function lint(config: Config): Finding[] {
  return [...routes(config), ...filters(config), ...unused(config), ...nowhere(config)]
}

function routes({ routes }: Config): Finding[] {
  return lintRoutes(routes).map((warning) => {
    const index = routes.findIndex(({ name }) => name === warning.route)
    const filter = routes[index]?.filter
    return filter === undefined
      ? { path: ['routes', index], message: words(warning) }
      : { path: ['routes', index, 'filter'], inside: warning, message: words(warning) }
  })
}

function filters({ filters }: Config): Finding[] {
  return Object.entries(filters).flatMap(([name, text]) =>
    lintFilter(text).map((warning) => ({ path: ['filters', name], inside: warning, message: words(warning) })),
  )
}

function words({ meaning, example, instead }: Omit<Warning, 'line' | 'column'>): string {
  const shown = example === null ? '' : `; it also matches ${example}`
  return `${meaning}${shown}${instead === null ? '' : `; try ${instead}`}`
}

function unused({ filters, routes }: Config): Finding[] {
  const texts = [...Object.values(filters), ...routes.flatMap(({ filter }) => filter ?? [])]
  const used = texts.flatMap(filtersIn)
  return Object.keys(filters)
    .filter((name) => !used.includes(name))
    .map((name) => ({ path: ['filters', name], message: `filter "${name}" is not used by any route` }))
}

/** Lines that are received, and then kept nowhere. */
function nowhere({ archive, buffer, deliver, receive, routes }: Config): Finding[] {
  const isShipper = buffer.redis.length > 0 && buffer.ship && deliver.length > 0
  if (receive.length === 0 && isShipper) return []
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
            message: `route "${route.name}" keeps its lines nowhere; say drop: true if that is meant`,
          },
        ]
      : [],
  )
}

import { closest, distance } from 'fastest-levenshtein'
import { UserError } from '../errors.ts'
import { partBytes, safePart } from './path.ts'

/** What the lane knows of a line; names as text, also that of facility and severity. */
export interface PathFields {
  host: string
  /** The route's service, or the line's program where the route says none. */
  service: string
  program: string
  pid: string
  /** `daemon`, `local0`, … */
  facility: string
  /** `err`, `info`, … */
  severity: string
  /** The sender's IP address. */
  sender: string
  /** The first route that took the line. */
  route: string
  /**
   * For the date, ms since the epoch: the event's own time where it can be trusted, otherwise that of reception. It is
   * written in the time zone of the process, as cron and logrotate count days.
   */
  time: number
}

export interface PathTemplate {
  readonly text: string
  /** The directory before the first field, without a `/` at its end: chosen by the admin, links in it are followed. */
  readonly root: string
  /** True when the path depends on the date, so that it may be another one for the same source an hour later. */
  readonly dynamic: boolean
  /** The fields that the path depends on: what a cache of paths must be keyed by. The date's fields are `time`. */
  readonly uses: ReadonlySet<keyof PathFields>
  /** Begins with `root` and `/`. The part after it has no `.`, `..` or empty component, whatever the fields hold. */
  path(fields: PathFields): string
}

const two = (n: number) => String(n).padStart(2, '0')
interface Field {
  of: keyof PathFields
  value(fields: PathFields): string
}

const FIELDS = new Map(
  Object.entries<Field>({
    host: { of: 'host', value: (f) => f.host },
    service: { of: 'service', value: (f) => f.service },
    program: { of: 'program', value: (f) => f.program },
    pid: { of: 'pid', value: (f) => f.pid },
    facility: { of: 'facility', value: (f) => f.facility },
    severity: { of: 'severity', value: (f) => f.severity },
    level: { of: 'severity', value: (f) => f.severity },
    sender: { of: 'sender', value: (f) => f.sender },
    route: { of: 'route', value: (f) => f.route },
    year: { of: 'time', value: (f) => String(new Date(f.time).getFullYear()) },
    month: { of: 'time', value: (f) => two(new Date(f.time).getMonth() + 1) },
    day: { of: 'time', value: (f) => two(new Date(f.time).getDate()) },
    hour: { of: 'time', value: (f) => two(new Date(f.time).getHours()) },
  }),
)

/**
 * Compiles an archive path like `/var/log/${host}/${service}.log`; a relative one stays relative to the working
 * directory. Throws UserError (78) on an unknown field, or a path that could not name a file.
 */
export function compileTemplate(text: string): PathTemplate {
  const fail = (what: string) => new UserError(`archive path "${text}": ${what}`, 78)
  if (text.includes('\0')) throw fail("a NUL can't be part of a path")
  const firstField = text.indexOf('${')
  const rootEnd = text.lastIndexOf('/', firstField === -1 ? undefined : firstField)
  const root = rootEnd === -1 ? '.' : text.slice(0, rootEnd).replace(/\/+$/, '')
  const components = text
    .slice(rootEnd + 1)
    .split('/')
    .map((component) => compileComponent(component, fail))
  const uses = new Set(components.flatMap((component) => component.uses))
  return {
    text,
    root: root === '' ? '/' : root,
    dynamic: uses.has('time'),
    uses,
    path(fields) {
      let path = root
      for (const component of components) path += `/${component.value(fields)}`
      return path
    },
  }
}

interface Component {
  uses: (keyof PathFields)[]
  value(fields: PathFields): string
}

function compileComponent(text: string, fail: (what: string) => UserError): Component {
  // Odd elements are the names of fields.
  const pieces = text.split(/\$\{([^}]*)\}/)
  const literals = pieces.filter((_, i) => i % 2 === 0)
  const names = pieces.filter((_, i) => i % 2 === 1)
  if (literals.some((literal) => literal.includes('${'))) throw fail('a field is not closed; write ${host}')
  if (text === '' || text === '.' || text === '..') {
    throw fail('after the first field, and at its end, it may have no "", "." or ".." between slashes')
  }
  const fixed = literals.reduce((sum, literal) => sum + Buffer.byteLength(literal), 0)
  const bound = partBytes(Math.max(1, names.length), fixed)
  if (bound === 0) throw fail(`"${text}" could become longer than the 255 bytes of a file name`)
  const parts = pieces.map((piece, i): ((fields: PathFields) => string) => {
    if (i % 2 === 0) return () => piece
    const field = FIELDS.get(piece)
    if (field === undefined) throw fail(unknownField(piece))
    return (fields) => safePart(field.value(fields), bound)
  })
  return {
    uses: names.flatMap((name) => FIELDS.get(name)?.of ?? []),
    value: (fields) => parts.map((part) => part(fields)).join(''),
  }
}

function unknownField(name: string): string {
  const known = [...FIELDS.keys()]
  const near = closest(name, known)
  const hint = distance(name, near) <= 2 ? `Did you mean \${${near}}? ` : ''
  return `there is no field \${${name}}. ${hint}Fields: ${known.join(', ')}`
}

/** An event's fields by dotted name; lists and empty objects are values. */
export function dotted(value: unknown, prefix = '', into: Record<string, unknown> = {}): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    if (prefix !== '') into[prefix] = value
    return into
  }
  for (const [key, inner] of Object.entries(value)) dotted(inner, prefix === '' ? key : `${prefix}.${key}`, into)
  return into
}

export interface Difference {
  field: string
  /** undefined: absent. */
  wanted: unknown
  got: unknown
}

/** Where an event is not what was expected; `null` expects that the field is absent. An object expects its members. */
export function differences(expected: Readonly<Record<string, unknown>>, event: unknown): Difference[] {
  const fields = dotted(event)
  return Object.entries(dotted(expected)).flatMap(([field, wanted]) => {
    const got = fields[field] ?? objectAt(event, field)
    if (wanted === null ? got === undefined : same(wanted, got)) return []
    return [{ field, wanted: wanted ?? undefined, got }]
  })
}

/** An object is found by its name too, for `null`. */
function objectAt(event: unknown, field: string): unknown {
  let value = event
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
  }
  return value
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

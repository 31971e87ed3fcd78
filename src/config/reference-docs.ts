import type { JsonSchema } from './json-schema.ts'

const INTRODUCTION = `<!-- Generated from src/config/schema.ts by npm run generate; edits are lost. -->

# Config

One YAML file says what sluice does: \`sluice run -c sluice.yaml\`. Every key is optional; a role (log server, relay,
single machine) is nothing but a config. \`sluice check -c sluice.yaml\` tells every error at once with its file, line and
column, and what would run; it touches nothing. A file that begins with
\`# yaml-language-server: $schema=./sluice.schema.json\` is completed and checked by editors
(the schema is [deploy/sluice.schema.json](../deploy/sluice.schema.json)).

\`\`\`yaml
data: /var/lib/sluice
receive:
  - udp: 514
  - tcp: 514
archive: /var/log/\${host}/\${service}.log
routes:
  - { name: network-nova, filter: 'program("nova*" type("glob")) and host("network")', service: network }
deliver:
  - store: {}
\`\`\`

- **Sizes** are written \`64kb\`, \`10mb\`, \`1.5gb\` (powers of 1024), **times** \`250ms\`, \`10s\`, \`5m\`, \`2h\`, \`7d\`, **addresses**
  \`0.0.0.0:514\`, \`[::]:514\` or a bare port.
- **Paths**: \`data\` is relative to the directory that sluice is started in, and so are globs of \`tail\`; the paths of
  archive, buffer and store are relative to \`data\`.
- **Variables** of the environment: \`\${VAR}\` and \`\${VAR:-default}\` inside any value (not in keys), filled in after the
  YAML was read, so that a variable can't change the structure; between braces or brackets a value with one needs quotes.
  One that is not set is an error. \`$\${\` stands for \`\${\`.
- **Path templates** (\`archive\`) have fields of the line in the same form, told apart by their first letter: small letters
  are fields, capital letters variables, as in \`\${LOG_ROOT}/\${host}/\${service}.log\`. Fields: \`host\`, \`service\` (the route's,
  otherwise the program), \`program\`, \`pid\`, \`facility\`, \`severity\` (or \`level\`), \`sender\`, \`route\`, and the date's \`year\`,
  \`month\`, \`day\`, \`hour\`.
- **Filters** are written in syslog-ng's filter language, and can be copied from a syslog-ng.conf.
`

/** The reference: an introduction, then a table for each mapping of the file. */
export function referenceDocs(schema: JsonSchema): string {
  return [INTRODUCTION, tables(schema)].join('\n')
}

/** A table for each mapping, without an introduction. */
export function tables(schema: JsonSchema): string {
  return sections('', schema, 'Keys').join('\n')
}

/** A table for `schema` and, in the order of the file, one for each mapping below it. */
function sections(path: string, schema: JsonSchema, title: string): string[] {
  const entries = Object.entries(schema.properties ?? {})
  const rows = entries.map(([key, value]) => {
    const required = schema.required?.includes(key) ? 'required' : showDefault(value.default)
    return `| \`${key}\` | ${typeName(value)} | ${required} | ${cell(value.description ?? '')} |`
  })
  const table = [`## ${title}`, '', '| key | value | default | meaning |', '|---|---|---|---|', ...rows, '']
  const below = entries.flatMap(([key, value]) => {
    const at = path === '' ? key : path.endsWith(`.${key}`) ? path : `${path}.${key}`
    return mappings(value).flatMap(({ schema: inner, kind }) =>
      kind === undefined
        ? sections(at, inner, `\`${at}\``)
        : sections(`${at}.${kind}`, inner, `\`${at}\`: \`- ${kind}:\``),
    )
  })
  return [...table, ...below]
}

/** The forms of a value that are mappings with known keys; the items of some lists are told apart by a key, their kind. */
function mappings(schema: JsonSchema): { schema: JsonSchema; kind?: string | undefined }[] {
  if (schema.properties !== undefined) return [{ schema }]
  if (schema.items?.anyOf !== undefined)
    return schema.items.anyOf.map((form) => ({ schema: form, kind: form.required?.[0] }))
  return [...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])].flatMap(mappings)
}

function typeName(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeName))].join(' or ')
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(' or ')
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`
  if (typeof schema.additionalProperties === 'object')
    return `mapping of names to ${typeName(schema.additionalProperties)}`
  const names: Record<string, string> = {
    string: 'text',
    integer: 'number',
    boolean: '`true` or `false`',
    object: 'mapping',
  }
  return names[schema.type ?? ''] ?? 'any'
}

function showDefault(value: unknown): string {
  if (value === undefined) return ''
  if (Array.isArray(value)) return 'none'
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${key}: ${inner}`)
    return entries.length === 0 ? '' : `\`{ ${entries.join(', ')} }\``
  }
  return `\`${value}\``
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|')
}

import { z } from 'zod'
import type { JsonSchema } from '../config/json-schema.ts'
import { tables } from '../config/reference-docs.ts'
import { datasetConfig } from './format.ts'

const INTRODUCTION = `<!-- Generated from src/dataset/format.ts and src/dataset/reference.ts by npm run generate; edits are lost. -->

# Datasets

A dataset is one YAML file: which lines it knows, its grok patterns, what their fields mean, and sample lines with the
events that they must become. Adding one needs no code. Shipped files are in \`grok-patterns/datasets/\`; a config adds
directories with \`datasets: [dir]\` (a file of the same name goes before the shipped one) and own grok patterns with
\`patterns: [dir]\`.

\`\`\`yaml
dataset: sshd
programs: [sshd, sshd-session]
patterns:
  - name: accepted
    match: '^Accepted %{NOTSPACE:sshd.method} for %{NOTSPACE:user.name} from %{IPORHOST:source.ip} port %{INT:source.port}'
    set: { event.category: [authentication], event.type: [start], event.outcome: success }
samples:
  - line: '<38>Nov 23 03:14:21 h sshd[1]: Accepted password for root from 192.0.2.7 port 22 ssh2'
    expect: { event.dataset: sshd, user.name: root, source.ip: 192.0.2.7, source.port: 22, error.message: null }
\`\`\`

\`\`\`console
$ sluice test --file grok-patterns/datasets/sshd.yaml           # what differs, and where
$ sluice test --file grok-patterns/datasets/sshd.yaml --update  # take over what came, after a look
$ echo '<38>Nov 23 03:14:21 h sshd[1]: …' | sluice parse        # the whole event
\`\`\`

## How a line is read

1. The datasets of a line are those that name its program: exactly, by glob, by expression, by \`*\`, in this order, of the
   last those with a header first; then by the name of the file. That is decided once for each sender, host and program. A
   file for \`*\` claims only lines that it matches. A route of the config may choose others for its lines:
   \`datasets: [haproxy, web.access]\`.
2. \`header\` is tried first, when there is one; its field \`rest\` is what the patterns are tried on. A line may match a
   pattern without the header, so a pattern that needs it has to say so.
3. Patterns are tried in order; the first that fits wins. A pattern begins where the text begins (write \`.*\` in front if
   it may stand anywhere) and may end before its end (write \`$\`). Patterns that begin with plain text are the fastest:
   those whose text does not begin so are not even tried.
4. When none fits: the message as JSON or key=value pairs (\`values\`); then free text (\`fallback: whole\`), or the tag
   \`_grokparsefailure\` with \`error.message\`.
5. A line of no dataset whose message is one JSON object, or nothing but three or more key=value pairs, is lifted all the
   same: \`event.dataset\` is \`json\` or \`kv\`, and so is the name of the flattened field. At most 200 fields, six levels
   deep, keys of 200 characters; what is beyond that stays in the message alone.

Patterns see at most 8,192 characters of a line.

## Fields

- Names are written with dots (\`source.ip\`) or as in Logstash (\`[source][ip]\`). Use those of the
  [Elastic Common Schema](https://www.elastic.co/docs/reference/ecs/ecs-field-reference) where it has one, otherwise
  \`<dataset>.name\`. One field has one type over all files, which a test checks.
- The type is that of \`fields\`, or ECS's, or that of the capture (\`:int\` is a long, \`:float\` a double), or keyword. A
  value that is not of its type (\`-\` for a number) is left out; the message still has it.
- An \`ip\` of source, destination, client or server that is a host's name goes to \`.domain\` instead: capture
  \`%{IPORHOST:source.ip}\`.
- Fields whose name begins with \`_\` are for \`lookup\`, \`level\`, \`time\`, \`dates\` and \`durations\` only, and are not
  written; so are \`log.level\` and \`@timestamp\` as captured.
- What a pattern captures outranks what the header captured, and that outranks \`set\`. Of \`set\`, the pattern's outranks
  the file's. \`lookup\` outranks \`set\`.
- A field that took part twice in one match becomes a list. Empty captures are left out.
- \`related.ip\`, \`related.user\` and \`related.hosts\` are filled from the other fields.
- \`process.name\` and \`process.pid\` of the text replace those of the header. The event's own fields (\`message\`,
  \`event.original\`, \`host.name\`, \`tags\` but for \`set\`, …) can't be captured.
- \`level\`: names of levels in any case are known (\`WARN\`, \`ERROR\`, \`TRACE\`, \`CRITICAL\`, …); \`map\` adds others.
- \`time\`: \`ISO8601\`, \`UNIX\`, \`UNIX_MS\`, or letters as in Logstash's date filter: \`yyyy\`, \`yy\`, \`MM\`, \`MMM\`, \`dd\`, \`HH\`,
  \`mm\`, \`ss\`, \`SSS\` (a fraction of any length), \`EEE\`, \`Z\` or \`z\` (\`+0200\`, \`+02:00\`, \`Z\`, \`CEST\`); other text in quotes. Without a
  zone it is read in the sender's; without a year, in that nearest to reception.

`

export function datasetReference(): string {
  const schema: JsonSchema = JSON.parse(JSON.stringify(z.toJSONSchema(datasetConfig, { io: 'input' })))
  return INTRODUCTION + tables(schema)
}

import { StringDecoder } from 'node:string_decoder'
import { type Flushable, isMany, none } from 'stream-chain/defs.js'
import { jsonParser } from 'stream-json/core/parser.js'
import { jsonVerifier } from 'stream-json/core/utils/verifier.js'
import { UserError } from '../errors.ts'
import { DocumentFinder } from './documents.ts'
import { openInput } from './input.ts'

/** Of one document; they are held one at a time. */
const MAX_DOCUMENT = 16 * 1024 * 1024

export interface Documents {
  documents: unknown[]
  /** What stood in the place of a document, but is none. */
  strays: number
}

/**
 * The documents of a JSON input of any size, see DocumentFinder for its forms; one chunk's worth at a time.
 * @throws UserError with line and column where the text is no JSON (a pipe can't be read again: with the byte).
 */
export async function* readDocuments(
  chunks: AsyncIterable<Buffer>,
  path: string,
): AsyncGenerator<Documents, void, undefined> {
  const parser = jsonParser({ jsonStreaming: true, packValues: true, streamValues: false })
  const decoder = new StringDecoder('utf8')
  const finder = new DocumentFinder()
  const name = path === '-' ? 'stdin' : path
  let bytes = 0
  let held = 0
  const find = (tokens: ReturnType<typeof parser>): Documents => {
    const documents: unknown[] = []
    finder.strays = 0
    if (isMany(tokens)) for (const token of tokens.values) finder.take(token, (document) => documents.push(document))
    return { documents, strays: finder.strays }
  }
  try {
    for await (const chunk of chunks) {
      const text = decoder.write(chunk)
      const tokens = parser(bytes === 0 && text.startsWith('\ufeff') ? text.slice(1) : text)
      const found = find(tokens)
      bytes += chunk.length
      const unfinished = !isMany(tokens) || (finder.holding && found.documents.length === 0)
      held = unfinished ? held + chunk.length : 0
      if (held > MAX_DOCUMENT)
        throw new UserError(`${name}: a document of more than 16 MiB ends at byte ${bytes} or later`)
      yield found
    }
    yield find(parser(decoder.end()))
    yield find(finish(parser))
  } catch (error) {
    if (error instanceof UserError || !isSyntaxError(error)) throw error
    throw new UserError(`${name}${await place(path, bytes)}`)
  }
}

/** Ends the input: a flushable function is then called with `none`, which its type does not say. */
function finish<Out>(stage: Flushable<string, Out>): Out {
  return Reflect.apply(stage, undefined, [none])
}

/** The parser throws plain Errors; system errors (reading) have a code. */
function isSyntaxError(error: unknown): boolean {
  return error instanceof Error && !('code' in error)
}

/** The fast parser doesn't count lines: the file is read again by the one that does. */
async function place(path: string, bytes: number): Promise<string> {
  const vague = `: not valid JSON, near byte ${bytes}`
  if (path === '-') return vague
  const verifier = jsonVerifier({ jsonStreaming: true })
  const decoder = new StringDecoder('utf8')
  const input = await openInput(path)
  try {
    let first = true
    for await (const chunk of input.chunks) {
      const text = decoder.write(chunk)
      verifier(first && text.startsWith('\ufeff') ? text.slice(1) : text)
      first = false
    }
    finish(verifier)
  } catch (error) {
    if (!(error instanceof Error && 'line' in error && 'pos' in error)) throw error
    const reason = error.message.replace(/^ERROR at .*?: Verifier (?:cannot parse input: )?/, '')
    return `:${error.line}:${error.pos}: not valid JSON: ${reason.replace(/^has expected/, 'expected')}`
  }
  return vague
}

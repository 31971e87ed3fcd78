import { open, stat } from 'node:fs/promises'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { UserError } from '../errors.ts'

/** What has to be read before the format can be told: the first line, or this much of it. */
const HEAD_BYTES = 64 * 1024
const CHUNK_BYTES = 256 * 1024

/** An opened file or stdin, decompressed. */
export interface Input {
  /** As given. */
  path: string
  /** For messages: the path, `stdin` for `-`. */
  name: string
  /** Bytes on disk (compressed, if it is), null when unknown: pipes. */
  size: number | null
  /** Bytes taken from the disk so far. */
  position(): number
  /** The first bytes, at least one line of them: for detecting the format. Part of `chunks` too. */
  head: Buffer
  chunks: AsyncGenerator<Buffer, void, undefined>
}

/** Opens a file, or stdin for `-`; gzip (RFC 1952) and zstd (RFC 8878) are recognised by their magic numbers. */
export async function openInput(path: string): Promise<Input> {
  const name = path === '-' ? 'stdin' : path
  const { stream, size } = path === '-' ? { stream: process.stdin, size: null } : await openFile(path)
  let position = 0
  const counted = async function* (): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of stream) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)
      position += bytes.length
      yield bytes
    }
  }
  const raw = await peek(counted(), (head) => head.length >= 4)
  const chunks = decompressed(raw.head, raw.chunks, name)
  const text = await peek(chunks, (head) => head.includes(10) || head.length >= HEAD_BYTES)
  return { path, name, size, position: () => position, head: text.head, chunks: text.chunks }
}

/** The size of a file in bytes, null for pipes and stdin. Errors as `openInput`. */
export async function inputSize(path: string): Promise<number | null> {
  if (path === '-') return null
  const found = await stat(path).catch((error: unknown) => unreadable(path, error))
  if (found.isDirectory()) {
    throw new UserError(`${path} is a directory; name the files to replay, e.g. ${path.replace(/\/$/, '')}/*.log`, 2)
  }
  return found.isFile() ? found.size : null
}

async function openFile(path: string): Promise<{ stream: Readable; size: number | null }> {
  const size = await inputSize(path)
  const file = await open(path).catch((error: unknown) => unreadable(path, error))
  return { stream: file.createReadStream({ highWaterMark: CHUNK_BYTES }), size }
}

function unreadable(path: string, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'ENOENT') throw new UserError(`${path}: no such file`, 2)
  throw new UserError(`${path} can't be read: ${error instanceof Error ? error.message : error}`)
}

function decompressed(
  head: Buffer,
  chunks: AsyncGenerator<Buffer, void, undefined>,
  name: string,
): AsyncGenerator<Buffer, void, undefined> {
  const magic = head.length >= 4 ? head.readUInt32LE(0) : 0
  if ((magic & 0xffff) === 0x8b1f) return through(chunks, createGunzip(), `${name}: damaged or incomplete gzip data`)
  if (magic === 0xfd2fb528) return through(chunks, createZstdDecompress(), `${name}: damaged or incomplete zstd data`)
  return chunks
}

async function* through(
  chunks: AsyncGenerator<Buffer, void, undefined>,
  transform: Transform,
  complaint: string,
): AsyncGenerator<Buffer, void, undefined> {
  // Its failure also fails the iteration below, which is where it is reported.
  pipeline(Readable.from(chunks), transform).catch(() => {})
  try {
    for await (const chunk of transform) yield chunk
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${complaint} (${error instanceof Error ? error.message : error})`)
  }
}

/** Reads until `enough`, and gives what was read together with chunks that begin with it again. */
async function peek(
  chunks: AsyncGenerator<Buffer, void, undefined>,
  enough: (head: Buffer) => boolean,
): Promise<{ head: Buffer; chunks: AsyncGenerator<Buffer, void, undefined> }> {
  let head: Buffer = Buffer.alloc(0)
  while (!enough(head)) {
    const next = await chunks.next()
    if (next.done) break
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  const again = async function* (): AsyncGenerator<Buffer, void, undefined> {
    try {
      if (head.length > 0) yield head
      yield* chunks
    } finally {
      // Closes the file if nobody wants more than the head.
      await chunks.return()
    }
  }
  return { head, chunks: again() }
}

import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, replaceFile, syncDirectory } from '../../ledger/files.ts'

const SUFFIX = '.ndjson'
const LINE_END = 0x0a

/** One file of letters. */
export interface LetterFile {
  path: string
  name: string
  bytes: number
}

/**
 * The files of one output's dead letters, `00000001.ndjson` and so on: lines are appended to the newest, and a file is
 * put in place anew without the letters that were taken out. Reading needs no lock: what is read is whole lines.
 */
export class LetterFiles {
  readonly directory: string
  readonly #fileBytes: number
  #files: LetterFile[]
  /** False: the newest file may end in half a line, or is not to be appended to for another reason. */
  #open = false

  private constructor(directory: string, fileBytes: number, files: LetterFile[]) {
    this.directory = directory
    this.#fileBytes = fileBytes
    this.#files = files
  }

  /** @param fileBytes after which a new file is begun */
  static async open(directory: string, fileBytes: number): Promise<LetterFiles> {
    return new LetterFiles(directory, fileBytes, await list(directory))
  }

  get bytes(): number {
    return this.#files.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get all(): readonly LetterFile[] {
    return this.#files
  }

  /** Resolves when the lines are on the disk; when it rejects, none of them counts. One call at a time. */
  async append(lines: string): Promise<void> {
    const last = this.#open ? this.#files.at(-1) : undefined
    const file = last === undefined || last.bytes >= this.#fileBytes ? await this.#begin() : last
    const handle = await open(file.path, 'a', 0o640)
    try {
      await handle.appendFile(lines)
      await handle.datasync()
      file.bytes += Buffer.byteLength(lines)
    } catch (error) {
      await this.#cut(handle, file)
      throw error
    } finally {
      await handle.close()
    }
  }

  /** Takes the lines that `isOut` names out of a file, at once or not at all. */
  async remove(file: LetterFile, isOut: (line: string) => boolean): Promise<void> {
    const left = (await linesOf(file.path)).filter((line) => !isOut(line))
    const bytes = Buffer.from(left.map((line) => `${line}\n`).join(''))
    if (bytes.length === 0) {
      await rm(file.path, { force: true })
      await syncDirectory(this.directory)
      // The one before it may end in half a line.
      if (file === this.#files.at(-1)) this.#open = false
      this.#files = this.#files.filter((other) => other !== file)
    } else {
      await replaceFile(this.directory, file.name, [bytes])
      file.bytes = bytes.length
    }
  }

  async #begin(): Promise<LetterFile> {
    await mkdir(this.directory, { recursive: true, mode: 0o750 })
    const number = Number.parseInt(this.#files.at(-1)?.name ?? '0', 10) + 1
    const name = `${String(number).padStart(8, '0')}${SUFFIX}`
    const file = { path: join(this.directory, name), name, bytes: 0 }
    await (await open(file.path, 'a', 0o640)).close()
    await syncDirectory(this.directory)
    this.#files.push(file)
    this.#open = true
    return file
  }

  /** A full disk may have taken half of it. */
  async #cut(handle: FileHandle, file: LetterFile): Promise<void> {
    try {
      await handle.truncate(file.bytes)
    } catch {
      this.#open = false
    }
  }
}

/** The whole lines of a file; none when it is gone meanwhile. */
export async function linesOf(path: string): Promise<string[]> {
  const bytes = await wholeLines(path)
  return bytes.length === 0 ? [] : bytes.toString('utf8', 0, bytes.length - 1).split('\n')
}

/** The first `length` bytes of each whole line: at the start there may be hundreds of megabytes of them. */
export async function beginningsOf(path: string, length: number): Promise<string[]> {
  const bytes = await wholeLines(path)
  const beginnings: string[] = []
  for (let at = 0, end = 0; at < bytes.length; at = end + 1) {
    end = bytes.indexOf(LINE_END, at)
    beginnings.push(bytes.toString('latin1', at, Math.min(end, at + length)))
  }
  return beginnings
}

async function wholeLines(path: string): Promise<Buffer> {
  try {
    const bytes = await readFile(path)
    return bytes.subarray(0, bytes.lastIndexOf(LINE_END) + 1)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

/** Oldest first. */
export async function list(directory: string): Promise<LetterFile[]> {
  let names: string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
  const files: LetterFile[] = []
  for (const name of names.filter((name) => /^\d{8,}\.ndjson$/.test(name)).sort()) {
    const path = join(directory, name)
    files.push({ path, name, bytes: (await stat(path)).size })
  }
  return files
}

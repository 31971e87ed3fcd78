import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export const FAULTS = ['cluster down', 'HTTP 429', 'HTTP 503', '30 documents refused (400)', '30 items 429'] as const
export type Fault = (typeof FAULTS)[number]

/** Of the numbered lines these are refused as single documents, or single items, during the fault: 30 of 30,000. */
export const isRefused = (line: number): boolean => line % 1000 === 7

/** A stand-in for Elasticsearch that knows the numbered lines (`n=123;`) that it took, and fails as told. */
export class FaultySink implements AsyncDisposable {
  /** Numbers of the lines taken. */
  readonly taken = new Set<number>()
  #fault: Fault | null = null
  #port = 0
  readonly #sockets = new Set<Socket>()
  #server = this.#make()

  static async start(): Promise<FaultySink> {
    const sink = new FaultySink()
    await sink.#listen()
    return sink
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async set(fault: Fault | null): Promise<void> {
    const wasDown = this.#fault === 'cluster down'
    this.#fault = fault
    if (fault === 'cluster down') await this.#close()
    else if (wasDown) {
      this.#server = this.#make()
      await this.#listen()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#fault !== 'cluster down') await this.#close()
  }

  #make() {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => this.#answer(request, response, Buffer.concat(chunks)))
    })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    return server
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const fault = this.#fault
    const send = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
      response.end(JSON.stringify(value))
    }
    if (request.url?.includes('_bulk') !== true) {
      send(200, { name: 'sink', cluster_name: 'sink', version: { number: '9.5.3', build_flavor: 'default' } })
    } else if (fault === 'HTTP 429') {
      send(429, { error: { type: 'es_rejected_execution_exception', reason: 'rejected' }, status: 429 })
    } else if (fault === 'HTTP 503') {
      send(503, { error: { type: 'cluster_block_exception', reason: 'no master' }, status: 503 })
    } else {
      const items = this.#take(body, fault)
      send(200, { took: 1, errors: items.some(({ create: { status } }) => status >= 300), items })
    }
  }

  #take(body: Buffer, fault: Fault | null) {
    const items: { create: { status: number; error?: { type: string; reason: string } } }[] = []
    for (const line of body.toString('latin1').split('\n')) {
      if (line === '' || line.startsWith('{"create"') || line.startsWith('{"index"')) continue
      const number = Number(/n=(\d+);/.exec(line)?.[1])
      if (isRefused(number) && fault === '30 documents refused (400)') {
        items.push({ create: { status: 400, error: { type: 'document_parsing_exception', reason: 'no such date' } } })
      } else if (isRefused(number) && fault === '30 items 429') {
        items.push({ create: { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'full' } } })
      } else {
        const known = this.taken.has(number)
        this.taken.add(number)
        const error = { type: 'version_conflict_engine_exception', reason: 'exists' }
        // Without an id of its own a document would be taken twice: what counts is that it is there.
        items.push({ create: known && line.includes('"_id"') ? { status: 409, error } : { status: 201 } })
      }
    }
    return items
  }
}

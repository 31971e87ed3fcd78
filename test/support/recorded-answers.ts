import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

/** One answer to give: the first of the list that fits, each `times` times. */
export interface RecordedAnswer {
  method?: string
  /** What the path with its query must match; a text must be the path without its query. */
  path: string | RegExp
  /** Default 200. */
  status?: number
  /** Sent as JSON, a text as it is. Default `{}`. */
  body?: unknown
  /** How often it may be given; default: always. */
  times?: number
}

export interface Asked {
  method: string
  path: string
  body: string
}

export interface StandInAnswers extends AsyncDisposable {
  url: string
  /** All that was asked so far, in order. */
  asked: Asked[]
}

/**
 * A stand-in for the calls of Elasticsearch that the tests' real cluster lacks: gives the answers that it was made with,
 * in the form that Elastic's documentation states. What none fits is answered with 404.
 */
export async function startStandInAnswers(answers: readonly RecordedAnswer[]): Promise<StandInAnswers> {
  const left = answers.map(({ times = Number.POSITIVE_INFINITY }) => times)
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '' } = request
    const body = await text(request).catch(() => '')
    asked.push({ method, path, body })
    const at = answers.findIndex((answer, i) => (left[i] ?? 0) > 0 && fits(answer, method, path))
    if (at >= 0) left[at] = (left[at] ?? 0) - 1
    const { status = 200, body: answer = {} } = answers[at] ?? { status: 404, body: { error: 'no answer recorded' } }
    const sent = typeof answer === 'string' ? answer : JSON.stringify(answer)
    response.writeHead(status, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
    response.end(method === 'HEAD' ? undefined : sent)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function fits({ method, path: wanted }: RecordedAnswer, asked: string, path: string): boolean {
  if (method !== undefined && method !== asked) return false
  return typeof wanted === 'string' ? path.split('?')[0] === wanted : wanted.test(path)
}

import type { Server } from 'node:http'
import { UserError } from '../errors.ts'
import type { LedgerReport } from '../ledger/report.ts'

// Not imported: an import asks for every export, WebSocket too, which brings undici and HTTP/2 in; 20 MB against 4.
const { createServer } = process.getBuiltinModule('node:http')

export interface Health {
  /** Why it does not do its work; empty while it does. */
  reasons: string[]
  /** What is wrong and costs nothing yet: one of two Redis is away, or batches go to disk. */
  warnings: string[]
}

/**
 * `/metrics` for Prometheus and `/health/ready`: 200 while lines are taken and outputs accept them, otherwise 503 with
 * the reasons, so that a check that is green means that the service behind the port works.
 */
export async function serveHttp(
  at: { host: string; port: number },
  ledger: () => Promise<LedgerReport>,
  health: () => Health,
): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
    } else if (path === '/health/ready') {
      const { reasons, warnings } = health()
      response.writeHead(reasons.length === 0 ? 200 : 503, { 'content-type': 'application/json' })
      response.end(`${JSON.stringify({ ready: reasons.length === 0, reasons, warnings })}\n`)
    } else if (path === '/metrics') {
      // The client library (15 MB) comes with the first scrape.
      Promise.all([ledger(), import('../ledger/metrics.ts')])
        .then(([report, { metricsOf }]) => metricsOf(report))
        .then(({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text))
        .catch((error: Error) => response.writeHead(500).end(`${error.message}\n`))
    } else response.writeHead(404, { 'content-type': 'text/plain' }).end('there are /metrics and /health/ready\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = `${at.host}:${at.port}`
      const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message
      reject(
        new UserError(
          `metrics can't be served on ${where}: ${why}. Set metrics: in the config to another address, or to false.`,
        ),
      )
    })
    server.listen(at.port, at.host, resolve)
  })
  return server
}

import { z } from 'zod'
import { messageOf } from '../../ledger/files.ts'
import { errors } from './library.ts'
import { type RequestFate, requestFateOf } from './verdict.ts'

/** Why a request was refused as a whole, or had no answer. */
export interface Failure {
  fate: RequestFate
  /** 0 when there was no answer. */
  status: number
  /** In words, from strangers: cut, without control characters. */
  reason: string
  /** The cluster has too much to do. */
  isTooMany: boolean
  /** Another node may do better. */
  isOfNode: boolean
  /** The connection ended within the request: the node is gone, or the request too large, and the answer lost. */
  isCut: boolean
}

const Body = z.object({ error: z.union([z.string(), z.object({ type: z.string(), reason: z.string().nullish() })]) })

/** As Node and undici call it. */
const CUT = /EPIPE|ECONNRESET|other side closed|socket hang up/

export function failureOf(error: unknown): Failure {
  if (error instanceof errors.ResponseError) {
    const { status, type, reason } = responseOf(error)
    const fate = requestFateOf(status, type)
    const isOfNode = status >= 500 && fate === 'retry'
    const isTooMany = status === 429 && fate === 'retry'
    return { fate, status, reason: shown(reason), isTooMany, isOfNode, isCut: false }
  }
  const isOfNode = error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError
  const isTooMany = error instanceof errors.TimeoutError
  const fate = error instanceof errors.ProductNotSupportedError ? 'cluster blocked' : 'retry'
  const reason = isTooMany ? 'no answer in time' : shown(messageOf(error))
  const isCut = error instanceof errors.ConnectionError && CUT.test(error.message)
  return { fate, status: 0, reason, isTooMany, isOfNode, isCut }
}

function responseOf({ statusCode, body }: errors.ResponseError): { status: number; type: string; reason: string } {
  const status = statusCode ?? 0
  const { error } = Body.safeParse(body).data ?? {}
  if (error === undefined) return { status, type: '', reason: `answer ${status}` }
  if (typeof error === 'string') return { status, type: '', reason: `answer ${status}: ${error}` }
  return { status, type: error.type, reason: `answer ${status}, ${error.type}: ${error.reason ?? ''}` }
}

const LONGEST = 400

/** One line that is safe to show, whatever the cluster said. */
export function shown(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim()
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line
}

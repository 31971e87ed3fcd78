import type { DatasetDefinition } from '../dataset/format.ts'
import type { RouteOptions } from '../route/router.ts'
import type { ZoneRule } from './zone-rules.ts'

/** All that a lane is made from: plain data, so that it can cross to another thread. */
export interface LaneOptions {
  stream: string
  /** What the config calls the input, such as `udp 0.0.0.0:514`. */
  input: string
  shape: 'ecs' | 'logstash'
  timezone: string
  senders: ZoneRule[]
  routes: RouteOptions[]
  filters: Record<string, string>
  /** What lines are parsed by; null: they are not. `patterns`: directories of a person's own
   * grok patterns; `guarded`: some of all that are not known to be linear, so that their time is limited. */
  datasets?: { definitions: DatasetDefinition[]; patterns: string[]; guarded?: boolean } | null
  /** The archive's path template; null: no archive. */
  archive: string | null
  outputs: { name: string; index: string }[]
  /** How far an event's day may lie from reception, ms, to go into its own day's index. */
  window: { back: number; ahead: number }
  /** Batch buffers that may be under way at once. */
  credits: number
  /** Lines without a syslog header, from a program that the config names: the whole line is the message. */
  fixed?: { program: string; host: string }
  /** Record what arrives in this file. */
  capture?: { path: string; maxBytes: number } | null
  /** Continue a stream: what was given out before. */
  resume?: { sequence: number; numbers: Record<string, number> }
}

import type { DiskBuffer } from '../buffer/disk/disk.ts'
import type { ReceiveConfig } from '../config/schema.ts'
import type { PatternCounts } from '../dataset/pattern-counters.ts'
import type { LoadedConfig } from '../lane/from-config.ts'
import type { SetAside } from '../lane/outlet.ts'
import type { SeenReport } from '../lane/seen.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { InheritedSocket } from '../receive/inherited.ts'
import type { Intake } from './intake.ts'
import type { Logger } from './log.ts'

/** What an input needs of the engine. */
export interface InputContext extends LoadedConfig {
  capture: { path: string; maxBytes: number } | null
  intake: Intake
  ledger: Ledger
  buffer: DiskBuffer
  log: Logger
  /** Sockets of a service manager; inputs take theirs out. */
  inherited: InheritedSocket[]
  seen(reports: SeenReport[]): void
  /** What patterns did since a lane's report before. */
  patterns(counts: PatternCounts[]): void
  setAside(about: SetAside): void
  /** The capture has reached its bound, or can't be written. */
  captureStopped(reason: string): void
  /** The input can't go on, and with it the process. */
  failed(error: Error): void
}

/** An open input, whatever its kind. */
export interface Input {
  /** For people: `udp 0.0.0.0:5514 (1 lane, native)`. */
  description: string
  /** The port that it listens on. */
  port?: number
  /** Takes what is already there, hands it on and closes. */
  stop(): Promise<void>
  /** Discard the events of these hosts from now on; null: of none. Inputs that can be slowed down need not. */
  shed(hosts: string[] | null): void
}

/** Only what the config names is imported. */
export async function openInput(config: ReceiveConfig, context: InputContext): Promise<Input> {
  if (config.kind === 'udp') return (await import('./udp-input.ts')).openUdpInput(config, context)
  if (config.kind === 'tcp') return (await import('./tcp-input.ts')).openTcpInput(config, context)
  if (config.kind === 'redis-list') return (await import('./list-input.ts')).openListInput(config, context)
  return (await import('./tail-input.ts')).openTailInput(config, context)
}

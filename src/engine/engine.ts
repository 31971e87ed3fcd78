import type { Server as HttpServer } from 'node:http'
import type { Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Archive } from '../archive/archive.ts'
import { bufferMethod } from '../buffer/view/running.ts'
import type { Config } from '../config/schema.ts'
import { PatternTotals } from '../dataset/pattern-counters.ts'
import type { LoadedConfig } from '../lane/from-config.ts'
import type { SeenReport } from '../lane/seen.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { LedgerReport } from '../ledger/report.ts'
import { inheritedSockets } from '../receive/inherited.ts'
import { type Accounts, openAccounts } from './accounts.ts'
import type { Buffers } from './buffers.ts'
import { serveControl } from './control.ts'
import { answerDead } from './dead.ts'
import { Delivery } from './delivery.ts'
import { archiveHappened } from './happenings.ts'
import { type Health, serveHttp } from './http.ts'
import { type Input, type InputContext, openInput } from './inputs.ts'
import { Intake } from './intake.ts'
import { keepSmall } from './keep-small.ts'
import type { Logger } from './log.ts'
import { type OpenedOutput, openOutput } from './outputs.ts'
import { Pressure } from './pressure.ts'

/** How long a stop waits for batches that are being delivered. */
const STOP_MILLIS = 5000

export interface EngineOptions extends LoadedConfig {
  log: Logger
  capture?: { path: string; maxBytes: number } | undefined
  /** The process can't go on, for the reason given: it has to be stopped. */
  onFailure(error: Error): void
}

/** Everything that one process runs: owns connecting, draining and stopping of all parts. */
export class Engine {
  readonly #config: Config
  readonly #log: Logger
  readonly #accounts: Accounts
  readonly #buffers: Buffers
  readonly #ledger: Ledger
  readonly #archive: Archive | null
  readonly #intake: Intake
  readonly #pressure = new Pressure()
  readonly #patterns = new PatternTotals()
  readonly inputs: Input[] = []
  readonly #deliveries: Delivery[] = []
  readonly #outputs: OpenedOutput[] = []
  #control: Server | undefined
  #http: HttpServer | undefined
  #second: NodeJS.Timeout | undefined
  #endKeepingSmall: (() => void) | undefined
  #archived = { lines: 0, overflowed: 0, failed: new Map<string, number>() }

  private constructor({ config, log }: EngineOptions, accounts: Accounts) {
    const { buffers, ledger } = accounts
    const archive =
      config.archive === false ? null : new Archive({ ...config.archive, onHappening: archiveHappened(log) })
    this.#config = config
    this.#log = log
    this.#accounts = accounts
    this.#buffers = buffers
    this.#ledger = ledger
    this.#archive = archive
    this.#intake = new Intake({ buffer: buffers.buffer, archive, ledger, log })
  }

  /** Against the way of a line: what takes comes before what gives, and the sockets last but for the outputs. */
  static async start(options: EngineOptions): Promise<Engine> {
    const engine = new Engine(options, await openAccounts(options.config, options.log))
    try {
      await engine.#open(options)
      return engine
    } catch (error) {
      await engine.stop()
      throw error
    }
  }

  async #open({ config, datasets, capture, onFailure }: EngineOptions): Promise<void> {
    const context: InputContext = {
      config,
      datasets,
      capture: capture ?? null,
      intake: this.#intake,
      ledger: this.#ledger,
      buffer: this.#buffers.disk,
      log: this.#log,
      inherited: await inheritedSockets(),
      seen: (reports) => this.#seen(reports),
      patterns: (counts) => this.#patterns.add(counts),
      setAside: ({ pattern, program, cpuMillis, until }) =>
        this.#log.warn(
          { pattern, program, cpuMillis: Math.round(cpuMillis), until: new Date(until).toISOString() },
          'a pattern takes too long over lines of this program, and is not tried on them for a while',
        ),
      captureStopped: (reason) => this.#log.warn(reason),
      failed: onFailure,
    }
    for (const input of config.receive) this.inputs.push(await openInput(input, context))
    const outputs = config.buffer.ship ? config.deliver : []
    const outputContext = { whole: config, log: this.#log, buffer: this.#buffers.buffer }
    for (const output of outputs) this.#outputs.push(await openOutput(output, outputContext))
    const { dead, replay } = this.#accounts
    for (const { name, output } of this.#outputs) {
      this.#deliveries.push(new Delivery({ name, buffer: this.#buffers.buffer, output, dead, log: this.#log }))
    }
    const query = this.#outputs.find((output) => output.query !== undefined)?.query
    this.#control = await serveControl(config.data, {
      status: async function* (this: Engine) {
        yield await this.report()
      }.bind(this),
      patterns: async function* (this: Engine) {
        yield this.#patterns.all
      }.bind(this),
      buffer: bufferMethod(this.#buffers.disk),
      dead: (params) => answerDead(replay, params),
      ...(query === undefined ? {} : { query }),
    })
    if (config.metrics !== false) {
      this.#http = await serveHttp(
        config.metrics,
        () => this.report(),
        () => this.health(),
      )
    }
    this.#second = setInterval(() => void this.#everySecond(), 1000)
    // A receiver before much has come; a shipper when its first connections and templates are through.
    this.#endKeepingSmall = keepSmall(config.receive.length === 0 ? 5000 : 0)
  }

  async report(): Promise<LedgerReport> {
    this.#noteArchive()
    const report = { ...(await this.#ledger.report()), troubles: [...this.troubles(), ...this.#holdings()] }
    const state = this.#buffers.redis?.()
    if (state === undefined) return report
    const redis = state.links.map(({ since, ...link }) => ({ ...link, since: new Date(since).toISOString() }))
    return { ...report, redis, singleCopies: state.singleCopies }
  }

  /** For who decides whether lines, or requests, come here. A Redis that is away is no reason while another one is not. */
  health(): Health {
    const links = this.#buffers.redis?.().links ?? []
    const away = links.flatMap(({ trouble }) => (trouble === null ? [] : [trouble]))
    const reasons = this.troubles()
    if (this.#deliveries.length > 0 && links.length > 0 && away.length === links.length)
      return { reasons: [...reasons, ...away], warnings: this.#holdings() }
    return { reasons, warnings: [...away, ...this.#holdings()] }
  }

  /** Why not all is well; empty when it is. */
  troubles(): string[] {
    return this.#deliveries.flatMap(({ name, trouble }) => (trouble === null ? [] : [`${name}: ${trouble}`]))
  }

  /** Why some events wait while others go out. */
  #holdings(): string[] {
    return this.#deliveries.flatMap(({ name, holding }) => (holding === null ? [] : [`${name}: ${holding}`]))
  }

  /** SIGHUP: files that logrotate moved are left. */
  async reopen(): Promise<void> {
    await Promise.all([this.#archive?.reopen(), ...this.#outputs.map(({ output }) => output.reopen?.())])
    this.#log.info('files reopened')
  }

  /** Takes what the sockets still hold, appends it, settles what is under way, keeps the backlog. */
  async stop(): Promise<LedgerReport> {
    clearInterval(this.#second)
    this.#endKeepingSmall?.()
    this.#intake.stopWaiting()
    await Promise.all(this.inputs.map((input) => input.stop()))
    await this.#intake.settled()
    const drained = this.#drained()
    await Promise.race([drained, delay(STOP_MILLIS, undefined, { ref: false })])
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop()))
    this.#control?.close()
    this.#http?.closeAllConnections()
    this.#http?.close()
    await this.#archive?.close()
    this.#noteArchive()
    return this.#accounts.close()
  }

  /** Resolves when nothing waits on this machine, or when an output is in trouble, so that waiting is of no use. */
  async #drained(): Promise<void> {
    for (const end = Date.now() + STOP_MILLIS; Date.now() < end && this.troubles().length === 0; await delay(20)) {
      if ((await this.#buffers.disk.depth()).batches === 0) return
    }
  }

  #seen(reports: readonly SeenReport[]): void {
    this.#ledger.seen(reports)
    this.#pressure.seen(reports)
  }

  async #everySecond(): Promise<void> {
    this.#noteArchive()
    const depths = await Promise.all(this.#config.deliver.map(({ name }) => this.#buffers.disk.depth(name)))
    const share = Math.max(0, ...depths.map(({ bytes }) => bytes)) / this.#config.buffer.disk.size
    const hosts = this.#pressure.step(share)
    if (hosts === null) return
    if (hosts.length > 0)
      this.#log.error({ hosts }, 'the buffer is nearly full: events of the noisiest hosts are discarded')
    else this.#log.info('the buffer has room again: no events are discarded any more')
    for (const input of this.inputs) input.shed(hosts.length > 0 ? hosts : null)
  }

  #noteArchive(): void {
    if (this.#archive === null) return
    const { lines, overflowed, failed } = this.#archive.stats
    const before = this.#archived
    const newlyFailed = [...failed].map(([reason, n]) => [reason, n - (before.failed.get(reason) ?? 0)])
    this.#ledger.archived({
      lines: lines - before.lines,
      overflowed: overflowed - before.overflowed,
      failed: Object.fromEntries(newlyFailed),
    })
    this.#archived = { lines, overflowed, failed }
  }
}

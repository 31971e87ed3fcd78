import { join } from 'node:path'
import { lostMark } from '../buffer/settlement.ts'
import type { Config } from '../config/schema.ts'
import { DeadLetters } from '../deliver/dead/dead-letters.ts'
import { DeadReplay } from '../deliver/dead/replay.ts'
import { DISCARDED } from '../ledger/flows.ts'
import { Ledger } from '../ledger/ledger.ts'
import { lockDirectory } from '../ledger/lock.ts'
import type { LedgerReport } from '../ledger/report.ts'
import { type Buffers, openBuffers } from './buffers.ts'
import { filesHappened } from './happenings.ts'
import { forgetLastReport, keepLastReport } from './last-report.ts'
import type { Logger } from './log.ts'

/** What a data directory holds that must add up: whoever has this open owns the directory. */
export interface Accounts {
  buffers: Buffers
  ledger: Ledger
  dead: DeadLetters
  replay: DeadReplay
  /** Closes everything and keeps the closing ledger. */
  close(): Promise<LedgerReport>
}

/** Throws UserError when another process owns the directory. */
export async function openAccounts(config: Config, log: Logger): Promise<Accounts> {
  const lock = await lockDirectory(config.data)
  try {
    const onHappening = filesHappened(log)
    const buffers = await openBuffers(config, onHappening)
    const outputs = config.deliver.map(({ name }) => name)
    const { disk, marks, taken } = buffers
    const { ledger, crash } = await Ledger.open({
      ...{ dir: join(config.data, 'ledger'), outputs, marks, taken, buffer: disk, onHappening },
    })
    for (const [output, events] of Object.entries(crash)) {
      log.warn({ output, events }, 'lost when the process before this one ended without warning')
    }
    const settled = taken ?? marks
    const dead = await DeadLetters.open({
      directory: join(config.data, 'dead'),
      size: config.dead.size,
      isSettled: (output, stream, number, part) => settled.has(output, stream, number, part),
      isKnown: (output, stream, number) =>
        Math.max(disk.lastNumber(output, stream), settled.last(output, stream)) >= number,
      onHappening,
    })
    const replay = new DeadReplay({
      ...{ dead, outputs, streams: ledger.streams },
      append: async (batch) => {
        await buffers.buffer.append(batch)
        await disk.sync(batch.output)
      },
      discard: async (batch) => {
        await settled.record(lostMark(batch, DISCARDED))
        await settled.sync()
      },
    })
    await forgetLastReport(config.data)
    const close = async () => {
      await replay.close()
      await ledger.close()
      const report = await ledger.report()
      await buffers.close()
      await keepLastReport(config.data, report)
      await lock.release()
      return report
    }
    return { buffers, ledger, dead, replay, close }
  } catch (error) {
    await lock.release()
    throw error
  }
}

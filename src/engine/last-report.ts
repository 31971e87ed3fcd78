import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorCode, replaceFile } from '../ledger/files.ts'
import type { LedgerReport } from '../ledger/report.ts'

const NAME = 'last-report.json'

/** Keeps the closing ledger, so that it can be asked for while nothing runs. */
export async function keepLastReport(dataDir: string, report: LedgerReport): Promise<void> {
  await replaceFile(dataDir, NAME, [Buffer.from(`${JSON.stringify(report)}\n`)])
}

/** From now on it would be wrong. */
export async function forgetLastReport(dataDir: string): Promise<void> {
  await rm(join(dataDir, NAME), { force: true })
}

/** The closing ledger of the last stop; null when there was none, or it ended without one. */
export async function lastReport(dataDir: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(dataDir, NAME), 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

import { readFileSync } from 'node:fs'
import type { Redis, Result } from 'ioredis'

/** What must hold after a crash between two commands: one script a file, the number of its keys in the file's name. */
const FILES = {
  sluiceAppend: 'append-3',
  sluiceSettle: 'settle-6',
  sluiceRenew: 'renew-1',
  sluiceState: 'state-3',
  sluiceSetAside: 'set-aside-6',
  sluiceFate: 'fate-1',
  sluiceMakeGroup: 'make-group-1',
  sluiceTakeOut: 'take-out-4',
  sluiceTakeList: 'take-list-3',
  sluiceDoneList: 'done-list-2',
  sluicePushList: 'push-list-2',
  sluiceCopy: 'copy-4',
  sluiceNoteSettled: 'note-settled-4',
  sluiceRestCopy: 'rest-copy-2',
  sluiceDueCopies: 'due-copies-2',
  sluiceSettleCopy: 'settle-copy-6',
  sluiceDropCopy: 'drop-copy-3',
  sluiceGiveBack: 'give-back-1',
} as const

type Argument = string | number | Buffer

// ioredis makes a method of each defined command; this is how it wants them declared.
declare module 'ioredis' {
  interface RedisCommander<Context> {
    sluiceAppend(...args: Argument[]): Result<string, Context>
    sluiceSettle(...args: Argument[]): Result<number, Context>
    sluiceRenew(...args: Argument[]): Result<string[], Context>
    sluiceState(
      ...args: Argument[]
    ): Result<[batches: number, events: number, bytes: number, stored: number, oldest: string, id: string], Context>
    sluiceSetAside(...args: Argument[]): Result<number, Context>
    sluiceMakeGroup(...args: Argument[]): Result<number, Context>
    sluiceTakeOut(...args: Argument[]): Result<number, Context>
    sluiceTakeList(...args: Argument[]): Result<[stream: string, first: number, ...elements: string[]], Context>
    sluiceTakeListBuffer(...args: Argument[]): Result<[stream: Buffer, first: number, ...elements: Buffer[]], Context>
    sluiceDoneList(...args: Argument[]): Result<number, Context>
    sluicePushList(...args: Argument[]): Result<number, Context>
    sluiceCopy(...args: Argument[]): Result<number, Context>
    sluiceNoteSettled(...args: Argument[]): Result<number, Context>
    sluiceRestCopy(...args: Argument[]): Result<number, Context>
    sluiceDueCopies(...args: Argument[]): Result<string[], Context>
    sluiceSettleCopy(...args: Argument[]): Result<number, Context>
    sluiceGiveBack(...args: Argument[]): Result<number, Context>
    sluiceDropCopy(...args: Argument[]): Result<number, Context>
    sluiceFate(...args: Argument[]): Result<number[], Context>
  }
}

const scripts = Object.entries(FILES).map(([name, file]) => ({
  name,
  numberOfKeys: Number(file.split('-').at(-1)),
  lua: readFileSync(new URL(`scripts/${file}.lua`, import.meta.url), 'utf8'),
}))

/** Makes the scripts commands of this client; each is sent once per connection, then called by its hash. */
export function defineScripts(client: Redis): void {
  for (const { name, numberOfKeys, lua } of scripts) client.defineCommand(name, { numberOfKeys, lua })
}

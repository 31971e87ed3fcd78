import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { Sender } from '../sender.ts'
import { FakeStore } from './fake-store.ts'
import { type TailHappening, TailInput, type TailOptions } from './tail.ts'

/** Of the test at hand: its directory, the store behind its sinks, and what the inputs told. */
export let top: string
export let store: FakeStore
export let happenings: TailHappening[]
let inputs: TailInput[]

/** To be called once in a file of tests: each of them begins with an empty directory and store. */
export function freshForEach(): void {
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'sluice-tail-'))
    mkdirSync(join(top, 'logs'))
    store = new FakeStore()
    inputs = []
    happenings = []
  })

  afterEach(async () => {
    for (const input of inputs) await input.stop()
    rmSync(top, { recursive: true, force: true })
  })
}

export const at = (name: string) => join(top, 'logs', name)

export function make(options: Partial<TailOptions> = {}): TailInput {
  const input = new TailInput({
    patterns: [at('*.log')],
    from: 'beginning',
    maxLength: 1000,
    sender: new Sender('me', true),
    stateFile: join(top, 'tail.json'),
    resume: new Map(store.positions),
    sinkFor: (file) => store.sinkFor(file),
    ended: (stream) => store.ended.push(stream),
    onHappening: (happening) => happenings.push(happening),
    discoverMs: 0,
    pollMs: 1,
    ...options,
  })
  inputs.push(input)
  return input
}

/** Until nothing more is to be read. */
export async function settle(input: TailInput): Promise<void> {
  for (let i = 0; i < 3; i++) while (await input.poll());
}

/** As kill -9 does it: nothing is told to anybody. */
export async function crashed(input: TailInput, options: Partial<TailOptions> = {}): Promise<TailInput> {
  await input.stop()
  return make(options)
}

/** Begins with an empty store. */
export function freshStore(): void {
  store = new FakeStore()
}

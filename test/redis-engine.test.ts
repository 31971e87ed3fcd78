import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Datagrams } from '../src/replay/datagrams.ts'
import { openSender } from '../src/replay/sender.ts'
import { freePort } from './support/programs.ts'
import { startRedis } from './support/redis.ts'
import { startSluice, storedEvents, until, workspace } from './support/sluice.ts'

const lines = (from: number, count: number) =>
  Datagrams.of(Array.from({ length: count }, (_, i) => `<13>Nov 23 03:14:21 web${i % 3} app: line ${from + i}`))

for (const mode of ['failover', 'mirror']) {
  test(`${mode}: a receiver, two Redis, and a shipper that is killed: both sums close over all faults`, async () => {
    await using dir = await workspace()
    await using a = await startRedis()
    await using b = await startRedis()
    const port = await freePort()
    const redis = `redis: ["${a.url}", "${b.url}"], mode: ${mode}`
    const places = { receiver: join(dir.path, 'receiver'), shipper: join(dir.path, 'shipper') }
    for (const place of Object.values(places)) await mkdir(place)
    const receiverConfig = `
receive: [{ tcp: "127.0.0.1:${port}" }]
buffer: { ${redis}, ship: false }
deliver: [{ store: {} }]
archive: false
metrics: false
`
    const shipperConfig = `
buffer: { ${redis} }
deliver: [{ store: {} }]
archive: false
metrics: false
`
    await using receiver = await startSluice(places.receiver, receiverConfig)
    const sender = await openSender(`tcp://127.0.0.1:${port}`)
    const handedOn = async (events: number) => (await receiver.status()).outputs[0]?.handedOn === events

    await sender.send(lines(0, 3000))
    await until('all is handed on', () => handedOn(3000))
    {
      await using first = await startSluice(places.shipper, shipperConfig)
      await until('some is delivered', async () => ((await first.status()).taken[0]?.delivered ?? 0) > 0)
      await first.kill()
    }
    await a.kill()
    await sender.send(lines(3000, 3000))
    await until('the second takes it', () => handedOn(6000))
    await b.kill()
    await sender.send(lines(6000, 3000))
    await until('it waits on disk', async () => (await receiver.status()).outputs[0]?.buffered === 3000)
    expect((await receiver.status()).outputs[0]).toMatchObject({
      received: 9000,
      handedOn: 6000,
      lost: {},
      closes: true,
    })
    await a.start()
    await b.start()
    await until('the disk is empty', () => handedOn(9000))
    await using shipper = await startSluice(places.shipper, shipperConfig)
    await until('all is in the store', async () => (await storedEvents(shipper)) === 9000)
    const taken = async () => (await shipper.status()).taken[0]
    await until('all is settled', async () => {
      const { events = 0 } = (await taken()) ?? {}
      return events === 9000
    })
    const { delivered = 0, duplicates = 0, dead, lost } = (await taken()) ?? {}
    expect({ sum: delivered + duplicates, dead, lost }).toEqual({ sum: 9000, dead: 0, lost: {} })
    const report = await receiver.status()
    expect(report.outputs[0]).toMatchObject({ received: 9000, handedOn: 9000, buffered: 0, inHand: 0, lost: {} })
    expect(report.closes).toBe(true)
    await sender.close()
    expect(await receiver.stop()).toBe(0)
    expect(await shipper.stop()).toBe(0)
  })
}

test('a receiver that is killed: what a Redis has is handed on, the rest of what was received is lost, exactly', async () => {
  await using dir = await workspace()
  await using a = await startRedis()
  const port = await freePort()
  const config = `
receive: [{ tcp: "127.0.0.1:${port}" }]
buffer: { redis: ["${a.url}"], ship: false }
deliver: [{ store: {} }]
archive: false
metrics: false
`
  for (let kills = 0; kills < 3; kills++) {
    const receiver = await startSluice(dir.path, config)
    const before = (await receiver.status()).outputs[0]?.handedOn ?? 0
    const sender = await openSender(`tcp://127.0.0.1:${port}`)
    const sending = sender.send(lines(0, 40_000)).catch(() => {})
    await until('some is handed on', async () => ((await receiver.status()).outputs[0]?.handedOn ?? 0) > before + 5000)
    await receiver.kill()
    await sending
    await sender.close().catch(() => {})
  }
  await using last = await startSluice(dir.path, config)
  const { outputs } = await last.status()
  const waiting = Number(await a.command('hget', 'sluice:{store}:counts', 'events'))
  expect(outputs[0]).toMatchObject({ handedOn: waiting, buffered: 0, inHand: 0, closes: true })
  expect(outputs[0]?.received).toBe(waiting + (outputs[0]?.lost.crash ?? 0))
})

test('what is wrong with an address is told before anything is touched, and without the password', async () => {
  await using dir = await workspace()
  const config = (url: string) => `buffer: { redis: ["${url}"] }\n`
  const said = await startSluice(dir.path, config('redis://shipper:geheim@host:99999')).catch(String)
  expect(said).toMatch(/is no address of a Redis/)
  expect(said).not.toContain('geheim')
})

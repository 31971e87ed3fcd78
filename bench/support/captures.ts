import { Datagrams } from '../../src/replay/datagrams.ts'
import { openInput } from '../../src/replay/input.ts'
import { readDatagrams } from '../../src/replay/read.ts'

/** All datagrams of logs or captures, packed or not; lines without a PRI get 13. */
export async function readCaptures(files: readonly string[]): Promise<Datagrams> {
  const items: Buffer[] = []
  for (const file of files) {
    const input = await openInput(file)
    for await (const part of readDatagrams(input, { pri: 13, skipped() {} })) {
      for (let i = 0; i < part.count; i++) items.push(Buffer.from(part.at(i)))
    }
  }
  if (items.length === 0) throw new Error(`no lines in ${files.join(', ')}`)
  return Datagrams.of(items)
}

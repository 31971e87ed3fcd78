import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ShardCopies, survival } from './cluster-survival.ts'

const NODES = ['a', 'b', 'c', 'd', 'e']

test('three copies stand two deaths; of two copies the pair is named, of one the node', () => {
  const shards = [
    { index: 'three', nodes: ['a', 'b', 'c'] },
    { index: 'two', nodes: ['c', 'a'] },
    { index: 'one', nodes: ['d'] },
    { index: 'gone', nodes: [] },
  ]
  expect(survival(shards, NODES, new Set(NODES))).toEqual({
    missing: ['gone'],
    one: [{ nodes: ['d'], indices: ['one'] }],
    two: [{ nodes: ['a', 'c'], indices: ['two'] }],
    quorum: { voters: 5, up: 5, needed: 3, spare: 2 },
  })
})

test('copies on nodes that do not answer do not count', () => {
  const found = survival([{ index: 'x', nodes: ['a', 'b', 'c'] }], ['a', 'b', 'c'], new Set(['a']))
  expect(found).toMatchObject({ one: [{ nodes: ['a'], indices: ['x'] }], quorum: { up: 1, needed: 2, spare: -1 } })
})

test('the same as killing every node, and every pair, in turn', () => {
  const shard = fc.record({ index: fc.constantFrom('x', 'y', 'z'), nodes: fc.subarray(NODES) })
  fc.assert(
    fc.property(fc.array(shard), fc.subarray(NODES, { minLength: 3 }), (shards, voters) => {
      const { missing, one, two, quorum } = survival(shards, voters, new Set(NODES))
      const lost = (...dead: string[]) => lostBy(shards, dead)
      expect(lost()).toEqual(missing)
      const told = (...dead: string[]) => [
        ...missing,
        ...[...one, ...two]
          .filter(({ nodes }) => nodes.every((node) => dead.includes(node)))
          .flatMap(({ indices }) => indices),
      ]
      for (const a of NODES) {
        expect([...new Set(told(a))].sort()).toEqual(lost(a))
        for (const b of NODES) {
          if (a === b) continue
          expect([...new Set(told(a, b))].sort()).toEqual(lost(a, b))
          const left = voters.filter((voter) => voter !== a && voter !== b)
          const isElected = left.length > voters.length / 2
          if (voters.includes(a) && voters.includes(b)) expect(quorum.spare >= 2).toBe(isElected)
        }
      }
    }),
  )
})

function lostBy(shards: readonly ShardCopies[], dead: readonly string[]): string[] {
  const lost = shards.filter(({ nodes }) => nodes.every((node) => dead.includes(node)))
  return [...new Set(lost.map(({ index }) => index))].sort()
}

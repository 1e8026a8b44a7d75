import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { GrantStore } from '../options/grant-store.js'
import { assertRecord, KEPT_MS, newId, newRecord, pages, SHORT_MS } from './grant-store-checks.js'
import type { GrantStoreTest } from './grant-store-checks.js'

/** What a grant store must do with records. */
export const grantRecordTests: readonly GrantStoreTest[] = [
  {
    name: 'has no record that was never written',
    async run(store) {
      assert.equal(await store.get(newId()), undefined)
    },
  },
  {
    name: 'reads a record as soon as it was written',
    async run(store) {
      const [id, record] = [newId(), newRecord()]
      assert.equal(await store.compareAndSet(id, undefined, record, KEPT_MS), true)
      await assertRecord(store, id, record)
    },
  },
  {
    name: 'does not write over a record for a caller who believes that there is none',
    async run(store) {
      const [id, first] = [newId(), newRecord()]
      await store.compareAndSet(id, undefined, first, KEPT_MS)
      assert.equal(await store.compareAndSet(id, undefined, newRecord(), KEPT_MS), false)
      await assertRecord(store, id, first)
    },
  },
  {
    name: 'replaces the version that the caller knows, and no other',
    async run(store) {
      const [id, first, second] = [newId(), newRecord(), newRecord()]
      await store.compareAndSet(id, undefined, first, KEPT_MS)
      assert.equal(await store.compareAndSet(id, first.version, second, KEPT_MS), true)
      await assertRecord(store, id, second)
      for (const wrong of [first.version, newRecord().version, second.version.slice(0, -1), '']) {
        assert.equal(await store.compareAndSet(id, wrong, newRecord(), KEPT_MS), false)
      }
      await assertRecord(store, id, second)
    },
  },
  {
    name: 'writes nothing where a caller expects a record and there is none',
    async run(store) {
      const id = newId()
      assert.equal(await store.compareAndSet(id, newRecord().version, newRecord(), KEPT_MS), false)
      assert.equal(await store.get(id), undefined)
    },
  },
  {
    name: 'lets one of fifty win that write the same new record at once',
    async run(store) {
      const id = newId()
      await assertOneWins(store, id, undefined)
    },
  },
  {
    name: 'lets one of fifty win that replace the same version at once',
    async run(store) {
      const [id, first] = [newId(), newRecord()]
      await store.compareAndSet(id, undefined, first, KEPT_MS)
      await assertOneWins(store, id, first.version)
    },
  },
  {
    name: 'counts every one of many changes that are made one upon another',
    async run(store) {
      const id = newId()
      await store.compareAndSet(id, undefined, newRecord('0'), KEPT_MS)
      const countOne = async (): Promise<void> => {
        for (;;) {
          const present = await store.get(id)
          assert.ok(present, 'the record has disappeared')
          const next = newRecord(String(Number(present.value) + 1))
          if (await store.compareAndSet(id, present.version, next, KEPT_MS)) return
        }
      }
      await Promise.all(Array.from({ length: 10 }, countOne))
      assert.equal((await store.get(id))?.value, '10')
    },
  },
  {
    name: 'keeps values exactly: long, empty, and of any characters',
    async run(store) {
      const values = ['x'.repeat(100_000), '', 'line\nline\r\n\t"\\', 'ä€😀 日本', ' {}[]:%_*?']
      for (const value of values) {
        const [id, record, next] = [newId(), newRecord(value), newRecord(`${value}.`)]
        await store.compareAndSet(id, undefined, record, KEPT_MS)
        await assertRecord(store, id, record)
        await store.compareAndSet(id, record.version, next, KEPT_MS)
        await assertRecord(store, id, next)
      }
    },
  },
  {
    name: 'tells ids and names apart that are almost the same',
    async run(store) {
      const start = newId()
      const ids = ODD_ENDINGS.map((ending) => start + ending)
      for (const id of ids) {
        assert.equal(await store.compareAndSet(id, undefined, newRecord(id), KEPT_MS), true)
        await store.link(id, id, KEPT_MS)
        await store.link(start + start, id, KEPT_MS)
      }
      for (const id of ids) {
        assert.equal((await store.get(id))?.value, id)
        assert.deepEqual(await store.linked(id, 10), [id])
      }
      assert.deepEqual((await pages(store, start + start, 3)).sort(), ids.sort())
      await store.unlink(start + start, ids.slice(1))
      assert.deepEqual(await store.linked(start + start, 10), ids.slice(0, 1))
    },
  },
  {
    name: 'keeps a record at least as long as the last write has said',
    async run(store) {
      const [id, first, second] = [newId(), newRecord(), newRecord()]
      const startedAt = performance.now()
      await store.compareAndSet(id, undefined, first, SHORT_MS)
      await assertRecord(store, id, first).catch((error: unknown) => {
        // A store so slow that the first one has expired may have forgotten it.
        if (performance.now() - startedAt < SHORT_MS) throw error
      })
      if (!(await store.compareAndSet(id, first.version, second, KEPT_MS))) {
        // As slow as that.
        await store.compareAndSet(id, undefined, second, KEPT_MS)
      }
      await setTimeout(2 * SHORT_MS)
      await assertRecord(store, id, second)
    },
  },
  {
    name: 'takes lifetimes that are not whole numbers',
    async run(store) {
      const [id, record, next] = [newId(), newRecord(), newRecord()]
      assert.equal(await store.compareAndSet(id, undefined, record, KEPT_MS + 0.5), true)
      assert.equal(await store.compareAndSet(id, record.version, next, KEPT_MS + 0.5), true)
      await store.link(id, 'one', KEPT_MS + 0.5)
      assert.deepEqual(await store.linked(id, 10), ['one'])
    },
  },
]

/** Endings that a store might trim, fold or read as something else. */
const ODD_ENDINGS = [
  '',
  '/',
  '/a',
  '/A',
  ':a',
  ' ',
  ' 1',
  '%',
  '%20',
  '_',
  '*',
  '{a}',
  '\n',
  "'",
  '\\',
  'ä',
  'a\u0308',
  '😀',
] as const

async function assertOneWins(
  store: GrantStore,
  id: string,
  was: string | undefined,
): Promise<void> {
  const records = Array.from({ length: 50 }, (_, number) => newRecord(String(number)))
  const outcomes = await Promise.all(
    records.map((record) => store.compareAndSet(id, was, record, KEPT_MS)),
  )
  const winners = records.filter((_, number) => outcomes[number])
  assert.equal(winners.length, 1, `${winners.length} of 50 were told that they have written`)
  await assertRecord(store, id, winners[0] ?? newRecord())
}

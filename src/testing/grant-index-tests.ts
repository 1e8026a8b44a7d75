import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { KEPT_MS, newId, pages, SHORT_MS } from './grant-store-checks.js'
import type { GrantStoreTest } from './grant-store-checks.js'

/** What a grant store must do with its indexes of ids. */
export const grantIndexTests: readonly GrantStoreTest[] = [
  {
    name: 'lists an id once, however often it was linked, and nothing under a name without ids',
    async run(store) {
      const name = newId()
      assert.deepEqual(await store.linked(name, 10), [])
      await Promise.all(Array.from({ length: 5 }, () => store.link(name, 'one', KEPT_MS)))
      await store.link(name, 'one', KEPT_MS)
      assert.deepEqual(await store.linked(name, 10), ['one'])
    },
  },
  {
    name: 'keeps a link for the longest time that was asked for',
    async run(store) {
      const name = newId()
      await store.link(name, 'prolonged', SHORT_MS)
      await store.link(name, 'prolonged', KEPT_MS)
      await store.link(name, 'not shortened', KEPT_MS)
      await store.link(name, 'not shortened', SHORT_MS)
      await setTimeout(2 * SHORT_MS)
      await store.link(name, 'another', SHORT_MS)
      const ids = new Set(await store.linked(name, 10))
      assert.ok(ids.has('prolonged'), 'the link was not prolonged')
      assert.ok(ids.has('not shortened'), 'a second link made the first shorter')
    },
  },
  {
    name: 'lists every id whose link has resolved, while others come and go',
    async run(store) {
      const name = newId()
      await Promise.all(
        Array.from({ length: 30 }, async (_, number) => {
          const [id, passing] = [`stays-${number}`, `goes-${number}`]
          await store.link(name, passing, KEPT_MS)
          await Promise.all([store.link(name, id, KEPT_MS), store.unlink(name, [passing])])
          assert.ok((await pages(store, name, 7)).includes(id), `${id} is missing`)
        }),
      )
      const ids = await pages(store, name, 7)
      assert.equal(ids.filter((id) => id.startsWith('stays')).length, 30)
      assert.equal(ids.filter((id) => id.startsWith('goes')).length, 0)
    },
  },
  {
    name: 'lists ids in pages: each once, never more than asked for',
    async run(store) {
      const name = newId()
      const ids = Array.from({ length: 25 }, newId)
      await Promise.all(ids.map((id) => store.link(name, id, KEPT_MS)))
      for (const limit of [1, 7, 25, 100]) {
        assert.deepEqual((await pages(store, name, limit)).sort(), [...ids].sort())
      }
    },
  },
  {
    name: 'goes on after an id that was unlinked or linked again since',
    async run(store) {
      const name = newId()
      const ids = Array.from({ length: 20 }, newId)
      await Promise.all(ids.map((id) => store.link(name, id, KEPT_MS)))
      const seen: string[] = []
      for (let after: string | undefined; ; after = seen.at(-1)) {
        const page = await store.linked(name, 6, after)
        if (page.length === 0) break
        seen.push(...page)
        const [first = '', ...others] = page
        await store.link(name, first, 2 * KEPT_MS)
        await store.unlink(name, others)
      }
      assert.deepEqual([...new Set(seen)].sort(), [...ids].sort())
    },
  },
  {
    name: 'unlinks ids, and does not mind those that are unknown',
    async run(store) {
      const [name, other] = [newId(), newId()]
      for (const id of ['one', 'two', 'three']) {
        await store.link(name, id, KEPT_MS)
        await store.link(other, id, KEPT_MS)
      }
      await store.unlink(name, ['one', 'unknown', 'three'])
      await store.unlink(name, [])
      await store.unlink(newId(), ['one'])
      assert.deepEqual(await store.linked(name, 10), ['two'])
      assert.equal((await store.linked(other, 10)).length, 3)
      await store.unlink(name, ['two'])
      assert.deepEqual(await store.linked(name, 10), [])
      await store.link(name, 'one', KEPT_MS)
      assert.deepEqual(await store.linked(name, 10), ['one'])
    },
  },
]

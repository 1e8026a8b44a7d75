import { describe, expect, it } from '@jest/globals'
import { createClaims, withPrivateNotes } from '../../src/grants/claims.js'
import { partsOf } from '../../src/grants/grants.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSeal } from '../../src/lib/sealing.js'
import { MemoryGrants } from '../../src/index.js'
import type { GrantStore, StoredRecord } from '../../src/index.js'

const HOUR = 3_600_000
const RECORD: StoredRecord = { version: 'v', value: '' }

describe('the links of a limited store', () => {
  it('end with their record', async () => {
    const store = createMemoryStore({ maximumRecords: 2 })
    for (const id of ['one', 'two', 'three']) {
      await store.compareAndSet(`grant/${id}`, undefined, RECORD, HOUR)
      await store.link('person', id, 2 * HOUR)
    }
    expect(await store.linked('person', 10)).toEqual(['three', 'two'])
  })

  it('are limited if there is no record', async () => {
    const store = createMemoryStore({ maximumRecords: 2 })
    for (const id of ['one', 'two', 'three']) {
      await store.link('person', id, HOUR)
      await store.link(`session-${id}`, id, HOUR)
    }
    expect(await store.linked('person', 10)).toEqual(['three', 'two'])
    expect(await store.linked('session-one', 10)).toEqual([])
    expect(await store.linked('session-two', 10)).toEqual(['two'])
  })
})

describe('the note of a claim', () => {
  const seal = createSeal('a secret of 32 characters or more', 'test')

  /** A store that shows what it has been given. */
  function openStore(): { readonly store: GrantStore; readonly values: Map<string, string> } {
    const values = new Map<string, string>()
    const memory = createMemoryStore()
    const store: GrantStore = {
      ...memory,
      get(id) {
        const value = values.get(id)
        return Promise.resolve(value === undefined ? undefined : { version: 'v', value })
      },
      compareAndSet(id, _was, { value }) {
        values.set(id, value)
        return Promise.resolve(true)
      },
    }
    return { store, values }
  }

  it('can be read back, and is not readable in the store', async () => {
    const { store, values } = openStore()
    const claims = withPrivateNotes(createClaims(store), seal)
    await claims.claim('id', HOUR, '/invite?token=secret')
    expect(await claims.claimed('id')).toBe('/invite?token=secret')
    expect([...values.values()].join()).not.toContain('invite')
  })

  it('counts as empty if the store was changed, or it belongs to another claim', async () => {
    const { store, values } = openStore()
    const claims = withPrivateNotes(createClaims(store), seal)
    await claims.claim('other', HOUR, '/other')
    values.set('claim/id', values.get('claim/other') ?? '')
    expect(await claims.claimed('id')).toBe('')
    values.set('claim/id', 'https://elsewhere.example/')
    expect(await claims.claimed('id')).toBe('')
  })

  it('is left out if it is long, and the claim counts', async () => {
    const { store } = openStore()
    const claims = withPrivateNotes(createClaims(store), seal)
    await claims.claim('id', HOUR, `/${'p'.repeat(1_000)}`)
    expect(await claims.claimed('id')).toBe('')
    expect(await claims.claimed('another')).toBeUndefined()
  })

  it('takes no memory before the claim has turned out to be a login', async () => {
    const { store, values } = openStore()
    const claims = createClaims(store, createMemoryStore())
    await claims.claim('id', HOUR, '/private')
    expect(values.get('claim/id')).toBe('')
    await claims.keep('id', HOUR, '/private')
    expect(await claims.claimed('id')).toBe('/private')
  })
})

describe('MemoryGrants', () => {
  const LIMIT = 100_000

  it('remember a limited number of ends of sessions', async () => {
    const grants = new MemoryGrants()
    for (let number = 0; number <= LIMIT; number++) await grants.endSession(`s-${number}`, HOUR)
    expect(await grants.isSessionEnded('s-0')).toBe(false)
    expect(await grants.isSessionEnded('s-1')).toBe(true)
    expect(await grants.isSessionEnded(`s-${LIMIT}`)).toBe(true)
  }, 60_000)

  it('remember a limited number of claims, which push out no end of a session', async () => {
    const grants = new MemoryGrants()
    const { claims } = partsOf(grants)
    await grants.endSession('ended', HOUR)
    for (let number = 0; number <= LIMIT; number++) await claims.claim(`c-${number}`, HOUR)
    expect(await claims.claimed('c-0')).toBeUndefined()
    expect(await claims.claimed('c-1')).toBe('')
    expect(await claims.claim(`c-${LIMIT}`, HOUR)).toBe(false)
    expect(await grants.isSessionEnded('ended')).toBe(true)
  }, 60_000)
})

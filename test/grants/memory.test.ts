import { describe, expect, it, jest } from '@jest/globals'
import { CoordinatedLedger } from '../../src/grants/ledger.js'
import { MemoryLedger, createMemoryLedgerStore } from '../../src/grants/memory.js'
import { endGroup, newGrant, newGroup, newLogin, newState } from '../support/grants.js'
import { lineTo } from '../support/line-to-store.js'
import { describeLedger } from './contract.js'
import type { LedgerPlace } from './contract.js'

const LIMITS = { leaseMs: 10_000, keepMs: 60_000 }

describe('MemoryLedger', () => {
  describeLedger(() => {
    const ledger = new MemoryLedger()
    return Promise.resolve({
      open: () => ledger,
      dump: () => Promise.resolve(''),
      sealedRecords: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    })
  }, [1])
})

describe('several ledgers over one store in memory', () => {
  describeLedger(() => Promise.resolve(createSharedMemory()), [1, 2, 4])
})

/** Notes whatever the store is told: it keeps nothing else. */
function createSharedMemory(): LedgerPlace {
  const store = createMemoryLedgerStore(1_000)
  const told: unknown[][] = []
  const noted = lineTo(store, (name, run, args) => {
    told.push([name, ...args])
    return run()
  })
  return {
    open: () => new CoordinatedLedger(noted),
    dump: () => Promise.resolve(JSON.stringify(told)),
    sealedRecords: () =>
      Promise.resolve(
        told
          .filter(([name]) => name === 'commit')
          .map(([, id, , , sealed]) => ({ id: String(id), sealed: String(sealed) })),
      ),
    close: () => Promise.resolve(),
  }
}

describe('the memory of a MemoryLedger', () => {
  it('forgets the oldest claims when there are too many', async () => {
    const ledger = new MemoryLedger({ maximumEntries: 3 })
    for (const id of ['1', '2', '3', '4']) await ledger.claim(id, 60_000)
    for (const id of ['2', '3', '4']) await expect(ledger.claim(id, 60_000)).resolves.toBe(false)
    await expect(ledger.claim('1', 60_000)).resolves.toBe(true)
  })

  it('forgets the oldest grants when there are too many, which then ask again', async () => {
    const ledger = new MemoryLedger({ maximumEntries: 2 })
    const grants = [newGrant(), newGrant(), newGrant()]
    const refresh = jest.fn(() => Promise.resolve(newState(2)))
    for (const grant of grants) await ledger.renew(grant, newState(1), refresh, LIMITS)
    const outcomes = []
    for (const grant of grants.reverse()) {
      outcomes.push((await ledger.renew(grant, newState(1), refresh, LIMITS)).outcome)
    }
    expect(outcomes).toEqual(['found', 'found', 'renewed'])
    expect(refresh).toHaveBeenCalledTimes(4)
  })

  it('forgets the oldest logins of all groups when there are too many', async () => {
    const ledger = new MemoryLedger({ maximumEntries: 3 })
    const [quiet, busy] = [newGroup(), newGroup()]
    const [first, second, ...rest] = Array.from({ length: 5 }, newLogin)
    for (const login of [first, second]) {
      if (login) await ledger.enrol(login, newGrant(), [quiet], 1, 60_000)
    }
    for (const login of rest.slice(0, 2)) await ledger.enrol(login, newGrant(), [busy], 1, 60_000)
    await expect(endGroup(ledger, quiet, 1)).resolves.toEqual([second])
    await expect(endGroup(ledger, busy, 1)).resolves.toHaveLength(2)
  })

  it('forgets the oldest ends of groups when there are too many', async () => {
    const ledger = new MemoryLedger({ maximumEntries: 2 })
    for (const group of ['1', '2', '3']) await endGroup(ledger, group, 1)
    const answers = ['1', '2', '3'].map((group) =>
      ledger.enrol(newLogin(), newGrant(), [group], 1, 60_000),
    )
    await expect(Promise.all(answers)).resolves.toEqual([true, false, false])
  })

  it('makes room for new entries by those that have ended first', async () => {
    let now = 0
    const store = createMemoryLedgerStore(2, () => now)
    await store.claim('short', 10)
    await store.claim('long', 1_000)
    now = 10
    await store.claim('new', 1_000)
    await expect(store.isClaimed('short')).resolves.toBe(false)
    await expect(store.isClaimed('long')).resolves.toBe(true)
    await expect(store.isClaimed('new')).resolves.toBe(true)
  })

  it('keeps an entry to the last moment of its time, and not longer', async () => {
    let now = 0
    const store = createMemoryLedgerStore(2, () => now)
    await store.claim('it', 10)
    now = 9
    await expect(store.isClaimed('it')).resolves.toBe(true)
    now = 10
    await expect(store.isClaimed('it')).resolves.toBe(false)
  })
})

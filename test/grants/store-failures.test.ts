import { describe, expect, it, jest } from '@jest/globals'
import { setImmediate } from 'node:timers/promises'
import { StorageError, TokenEndpointError } from '../../src/errors/errors.js'
import { CoordinatedLedger } from '../../src/grants/ledger.js'
import type { LedgerStore } from '../../src/grants/ledger-store.js'
import { createMemoryLedgerStore } from '../../src/grants/memory.js'
import type { GrantState } from '../../src/options/ledger.js'
import { endGroup, newGrant, newGroup, newLogin, newState } from '../support/grants.js'
import { lineTo } from '../support/line-to-store.js'
import { until } from '../support/until.js'

const LIMITS = { leaseMs: 20_000, keepMs: 1_000_000 }
const refreshTo = (state: GrantState | undefined) => jest.fn(() => Promise.resolve(state))
const unwanted = () => jest.fn<() => Promise<GrantState | undefined>>()

type Loss = 'request' | 'reply'

/** A store for several processes, each with a line to it that can fail, and a clock that the test moves. */
function createWorld() {
  let now = 0
  let timers: { readonly endsAt: number; readonly end: () => void }[] = []
  const store = createMemoryLedgerStore(1_000, () => now)

  /** A process: its ledger, and what fails between it and the store. */
  function open() {
    const failing = new Map<keyof LedgerStore, Loss>()
    /** What replies wait for. */
    const pauses = new Map<keyof LedgerStore, Promise<void>>()
    const commands: string[] = []
    const line = lineTo(store, async (name, run) => {
      commands.push(name)
      const loss = failing.get(name)
      const pause = pauses.get(name)
      const reply = loss === 'request' ? undefined : await run()
      await pause
      if (loss !== undefined) throw new Error(`The ${loss} got lost`)
      return reply
    })
    const ledger = new CoordinatedLedger(
      line,
      (milliseconds) =>
        new Promise((end) => {
          timers.push({ endsAt: now + milliseconds, end })
        }),
    )
    return { ledger, failing, pauses, commands }
  }

  return {
    open,
    waiting: () => timers.length,
    /** Lets so much time pass, and everything happen that waits for it. */
    async pass(milliseconds: number) {
      const until = now + milliseconds
      for (;;) {
        const [next] = timers.map(({ endsAt }) => endsAt).sort((a, b) => a - b)
        if (next === undefined || next > until) break
        now = next
        const due = timers.filter(({ endsAt }) => endsAt <= next)
        timers = timers.filter((timer) => !due.includes(timer))
        for (const { end } of due) end()
        await setImmediate()
      }
      now = until
    },
  }
}

describe('a renewal that the store does not take', () => {
  it.each<Loss>(['request', 'reply'])(
    'is given out, and found without asking, when the %s is lost',
    async (loss) => {
      const { ledger, failing } = createWorld().open()
      const [grant, first, state] = [newGrant(), newState(1), newState(2)]
      failing.set('commit', loss)
      const renewed = await ledger.renew(grant, first, refreshTo(state), LIMITS)
      expect(renewed).toEqual({ outcome: 'renewed', state })
      const found = await ledger.renew(grant, first, unwanted(), LIMITS)
      expect(found).toEqual({ outcome: 'found', state })
    },
  )

  it('reaches the others as soon as the store is back, even after two minutes', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, state] = [newGrant(), newState(1), newState(2)]
    failing.set('commit', 'request')
    await ledger.renew(grant, first, refreshTo(state), LIMITS)
    await world.pass(119_000)
    failing.clear()
    await world.pass(500)
    const found = await world.open().ledger.renew(grant, first, unwanted(), LIMITS)
    expect(found).toEqual({ outcome: 'found', state })
  })

  it('is offered for an hour, and no longer', async () => {
    const world = createWorld()
    const { ledger, failing, commands } = world.open()
    failing.set('commit', 'request')
    await ledger.renew(newGrant(), newState(1), refreshTo(newState(2)), LIMITS)
    await world.pass(4_000_000)
    expect(commands.filter((command) => command === 'commit')).toHaveLength(7_201)
    expect(world.waiting()).toBe(0)
  })

  it('is written by the next who needs it, when the store is back before the next offer', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, state] = [newGrant(), newState(1), newState(2)]
    failing.set('commit', 'request')
    await ledger.renew(grant, first, refreshTo(state), LIMITS)
    failing.clear()
    await ledger.renew(grant, first, unwanted(), LIMITS)
    const found = await world.open().ledger.renew(grant, first, unwanted(), LIMITS)
    expect(found).toEqual({ outcome: 'found', state })
  })

  it('does not stand before what another process has renewed since', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, second, third] = [newGrant(), newState(1), newState(2), newState(3)]
    failing.set('commit', 'reply')
    await ledger.renew(grant, first, refreshTo(second), LIMITS)
    failing.clear()
    await world.open().ledger.renew(grant, second, refreshTo(third), LIMITS)
    const found = await ledger.renew(grant, first, unwanted(), LIMITS)
    expect(found).toEqual({ outcome: 'found', state: third })
  })

  it('is given to nobody after another process has ended the grant', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first] = [newGrant(), newState(1)]
    failing.set('commit', 'request')
    await ledger.renew(grant, first, refreshTo(newState(2)), LIMITS)
    await world.open().ledger.end(grant, 60_000)
    failing.clear()
    const renewal = await ledger.renew(grant, first, unwanted(), LIMITS)
    expect(renewal).toEqual({ outcome: 'ended' })
  })

  it('gives way to the next renewal of the same process', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, second, third] = [newGrant(), newState(1), newState(2), newState(3)]
    failing.set('commit', 'reply')
    await ledger.renew(grant, first, refreshTo(second), LIMITS)
    await ledger.renew(grant, second, refreshTo(third), LIMITS)
    const found = await ledger.renew(grant, first, unwanted(), LIMITS)
    expect(found).toEqual({ outcome: 'found', state: third })
    failing.clear()
    await world.pass(500)
    await expect(world.open().ledger.end(grant, 60_000)).resolves.toEqual(third)
  })

  it('does not push out a newer one while it is offered', async () => {
    const { ledger, failing, pauses } = createWorld().open()
    const [grant, first, second, third] = [newGrant(), newState(1), newState(2), newState(3)]
    failing.set('commit', 'reply')
    await ledger.renew(grant, first, refreshTo(second), LIMITS)
    let goOn!: () => void
    pauses.set('commit', new Promise((resolve) => (goOn = resolve)))
    const offering = ledger.renew(grant, first, unwanted(), LIMITS)
    await setImmediate()
    pauses.clear()
    await ledger.renew(grant, second, refreshTo(third), LIMITS)
    goOn()
    await expect(offering).resolves.toEqual({ outcome: 'found', state: second })
    const found = await ledger.renew(grant, first, unwanted(), LIMITS)
    expect(found).toEqual({ outcome: 'found', state: third })
  })

  it('is remembered as the end of the grant, when that was the answer', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first] = [newGrant(), newState(1)]
    failing.set('commit', 'request')
    const ended = await ledger.renew(grant, first, refreshTo(undefined), LIMITS)
    expect(ended).toEqual({ outcome: 'ended' })
    const still = await ledger.renew(grant, first, unwanted(), LIMITS)
    expect(still).toEqual({ outcome: 'ended' })
    failing.clear()
    await world.pass(500)
    const everywhere = await world.open().ledger.renew(grant, first, unwanted(), LIMITS)
    expect(everywhere).toEqual({ outcome: 'ended' })
  })
})

describe('a grant that ends while its newest state is unwritten', () => {
  it('gives out that state, to be revoked', async () => {
    const { ledger, failing } = createWorld().open()
    const [grant, state] = [newGrant(), newState(2)]
    failing.set('commit', 'request')
    await ledger.renew(grant, newState(1), refreshTo(state), LIMITS)
    await expect(ledger.end(grant, 60_000)).resolves.toEqual(state)
    await expect(ledger.end(grant, 60_000)).resolves.toBeUndefined()
  })

  it('gives out a newer one of another process instead', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, second, third] = [newGrant(), newState(1), newState(2), newState(3)]
    failing.set('commit', 'reply')
    await ledger.renew(grant, first, refreshTo(second), LIMITS)
    await world.open().ledger.renew(grant, second, refreshTo(third), LIMITS)
    await expect(ledger.end(grant, 60_000)).resolves.toEqual(third)
  })

  it('keeps it when the store does not hear of the end', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, state] = [newGrant(), newState(1), newState(2)]
    failing.set('commit', 'request').set('end', 'request')
    await ledger.renew(grant, first, refreshTo(state), LIMITS)
    await expect(ledger.end(grant, 60_000)).rejects.toThrow(StorageError)
    failing.clear()
    await world.pass(500)
    const found = await world.open().ledger.renew(grant, first, unwanted(), LIMITS)
    expect(found).toEqual({ outcome: 'found', state })
  })
})

describe('a login that the store does not hear of', () => {
  it.each<Loss>(['request', 'reply'])(
    'is an error of the storage when the %s is lost',
    async (loss) => {
      const { ledger, failing } = createWorld().open()
      failing.set('enrol', loss)
      const enrolling = ledger.enrol(newLogin(), newGrant(), [newGroup()], 1, 60_000)
      await expect(enrolling).rejects.toThrow(StorageError)
    },
  )
})

describe('the end of a group that the store does not take', () => {
  it.each([
    ['endGroup', 'request'],
    ['endGroup', 'reply'],
    ['end', 'request'],
    ['end', 'reply'],
    ['forgetMembers', 'request'],
  ] as const)('comes to its end with the next call, when %s loses its %s', async (name, loss) => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [group, grant, login] = [newGroup(), newGrant(), newLogin()]
    await ledger.enrol(login, grant, [group], 1, 60_000)
    failing.set(name, loss)
    await expect(endGroup(ledger, group, 1)).rejects.toThrow(StorageError)
    const another = world.open().ledger
    await expect(endGroup(another, group, 1)).resolves.toEqual([login])
    const renewal = await another.renew(grant, newState(1), unwanted(), LIMITS)
    expect(renewal).toEqual({ outcome: 'ended' })
  })

  it('takes no unwritten renewal with it', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [group, grant, first, state] = [newGroup(), newGrant(), newState(1), newState(2)]
    await ledger.enrol(newLogin(), grant, [group], 1, 60_000)
    failing.set('commit', 'request').set('end', 'request')
    await ledger.renew(grant, first, refreshTo(state), LIMITS)
    await expect(endGroup(ledger, group, 1)).rejects.toThrow(StorageError)
    failing.clear()
    await world.pass(500)
    const found = await world.open().ledger.renew(grant, first, unwanted(), LIMITS)
    expect(found).toEqual({ outcome: 'found', state })
  })
})

describe('the end of a group', () => {
  it('is the end of a renewal that was not written yet', async () => {
    const world = createWorld()
    const { ledger, failing, commands } = world.open()
    const [group, grant, first] = [newGroup(), newGrant(), newState(1)]
    await ledger.enrol(newLogin(), grant, [group], 1, 60_000)
    failing.set('commit', 'request')
    await ledger.renew(grant, first, refreshTo(newState(2)), LIMITS)
    await endGroup(ledger, group, 1)
    failing.clear()
    const offersBefore = commands.filter((command) => command === 'commit').length
    await world.pass(1_000)
    expect(commands.filter((command) => command === 'commit')).toHaveLength(offersBefore)
    await expect(ledger.renew(grant, first, unwanted(), LIMITS)).resolves.toEqual({
      outcome: 'ended',
    })
  })
})

describe('a turn that the store has given to somebody who does not know', () => {
  it('is given back, so that the next one need not wait for the lease', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, state] = [newGrant(), newState(1), newState(2)]
    failing.set('begin', 'reply')
    await expect(ledger.renew(grant, first, unwanted(), LIMITS)).rejects.toThrow(StorageError)
    const renewal = await world.open().ledger.renew(grant, first, refreshTo(state), LIMITS)
    expect(renewal).toEqual({ outcome: 'renewed', state })
    expect(world.waiting()).toBe(0)
  })

  it('passes to those who wait when the lease has run out, when giving it back fails too', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first, state] = [newGrant(), newState(1), newState(2)]
    failing.set('begin', 'reply').set('releaseLease', 'request')
    await expect(ledger.renew(grant, first, unwanted(), LIMITS)).rejects.toThrow(StorageError)
    const refresh = refreshTo(state)
    const waiting = world.open().ledger.renew(grant, first, refresh, LIMITS)
    await until(() => world.waiting() > 0)
    await world.pass(LIMITS.leaseMs - 1_000)
    expect(refresh).not.toHaveBeenCalled()
    await world.pass(2_000)
    await expect(waiting).resolves.toEqual({ outcome: 'renewed', state })
  })
})

describe('a failure of which no word reaches the store', () => {
  it('is met again by those who wait, when the lease has run out', async () => {
    const world = createWorld()
    const { ledger, failing } = world.open()
    const [grant, first] = [newGrant(), newState(1)]
    failing.set('releaseLease', 'request')
    const failure = new TokenEndpointError('It is down.', { phase: 'refresh', httpStatus: 503 })
    const failingRefresh = jest.fn(() => Promise.reject(failure))
    const owner = ledger.renew(grant, first, failingRefresh, LIMITS)
    await expect(owner).rejects.toBe(failure)
    const waiting = world.open().ledger.renew(grant, first, failingRefresh, LIMITS)
    const outcome = waiting.catch((error: unknown) => error)
    await until(() => world.waiting() > 0)
    await world.pass(LIMITS.leaseMs - 1_000)
    expect(failingRefresh).toHaveBeenCalledTimes(1)
    await world.pass(2_000)
    expect(await outcome).toBe(failure)
    expect(failingRefresh).toHaveBeenCalledTimes(2)
  })
})

describe('fifty who ask at once in one process', () => {
  it('send no more commands than one would', async () => {
    const { ledger, commands } = createWorld().open()
    const [grant, first] = [newGrant(), newState(1)]
    const refresh = refreshTo(newState(2))
    await Promise.all(Array.from({ length: 50 }, () => ledger.renew(grant, first, refresh, LIMITS)))
    expect(commands).toEqual(['begin', 'commit'])
  })
})

describe('those who wait', () => {
  it('look soon at first, and then less often', async () => {
    const world = createWorld()
    const [grant, first] = [newGrant(), newState(1)]
    void world.open().ledger.renew(grant, first, () => new Promise(() => undefined), LIMITS)
    const { ledger, commands } = world.open()
    const state = newState(2)
    const waiting = ledger.renew(grant, first, refreshTo(state), LIMITS)
    const looks = []
    for (const milliseconds of [0, 20, 40, 80, 160, 160]) {
      await setImmediate()
      await world.pass(milliseconds)
      await setImmediate()
      looks.push(commands.length)
    }
    expect(looks).toEqual([1, 2, 3, 4, 5, 6])
    await world.pass(LIMITS.leaseMs)
    await expect(waiting).resolves.toEqual({ outcome: 'renewed', state })
    expect(commands.length).toBeLessThan(150)
  })
})

import { beforeEach, describe, expect, it } from '@jest/globals'
import type { DynamicClient } from '../../src/connect/client-registration.js'
import { createRegistrations } from '../../src/connect/registrations.js'
import type { Registrations } from '../../src/connect/registrations.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { createSealedNotes } from '../../src/grants/sealed-notes.js'
import { DiscoveryError, NotConnectableError } from '../../src/index.js'
import { createSeal } from '../../src/lib/sealing.js'
import type { GrantStore } from '../../src/options/grant-store.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { trustedServer } from '../support/trusted-server.js'

const ISSUER = 'https://as.example'
const MINUTE_MS = 60_000

let clock: ManualClock
let store: GrantStore
/** What the server is asked, and how each registration ends. */
let asked: Registering[]

/** One registration at the server, which the test answers. */
interface Registering {
  readonly by: string
  readonly issuer: string
  readonly answer: (client: DynamicClient) => void
  readonly fail: (error: unknown) => void
}

beforeEach(() => {
  clock = createManualClock()
  store = createMemoryStore({ clock })
  asked = []
})

/** The registrations of a process of its own. */
function process(by: string, callback = 'https://app.example/connect/callback'): Registrations {
  return createRegistrations({
    notes: createSealedNotes(store, createSeal(GRANT_SECRET, 'notes')),
    clock,
    isForgotten: () => Promise.resolve(false),
    redirectUriOf: (issuer) => `${callback}/${issuer.length}`,
    register: ({ issuer }) =>
      new Promise((resolve, reject) => {
        asked.push({ by, issuer, answer: resolve, fail: reject })
      }),
  })
}

function clientAt(one: Registrations, issuer = ISSUER, account = 'anna'): Promise<DynamicClient> {
  const client = one.clientAt(trustedServer(issuer), account)
  // A test looks at it later.
  client.catch(() => undefined)
  return client
}

const CLIENT: DynamicClient = { clientID: 'client-1', clientAuthentication: 'none' }
const SECOND: DynamicClient = { ...CLIENT, clientID: 'client-2' }

/** Lets everything happen that needs no time. */
async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) await new Promise(setImmediate)
}

/** Lets time pass, as others look again and again meanwhile. */
async function pass(ms: number): Promise<void> {
  const STEP_MS = 100
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    clock.advance(Math.min(STEP_MS, ms - passed))
    for (let round = 0; round < 3; round++) await new Promise(setImmediate)
  }
  await settle()
}

/** The registration that was asked for last. */
function last(): Registering {
  const one = asked.at(-1)
  if (one === undefined) throw new Error('Nobody has registered.')
  return one
}

async function registered(one: Registrations, client: DynamicClient): Promise<void> {
  const pending = clientAt(one)
  await settle()
  last().answer(client)
  expect(await pending).toEqual(client)
}

describe('the registration at a server', () => {
  it('is one for 50 callers in one process, and is kept', async () => {
    const one = process('a')
    const all = Array.from({ length: 50 }, () => clientAt(one))
    await settle()
    expect(asked).toHaveLength(1)
    last().answer(CLIENT)
    expect(new Set((await Promise.all(all)).map(({ clientID }) => clientID))).toEqual(
      new Set(['client-1']),
    )
    await pass(MINUTE_MS)
    expect(await clientAt(one)).toEqual(CLIENT)
    expect(await clientAt(process('restarted'))).toEqual(CLIENT)
    expect(asked).toHaveLength(1)
  })

  it('is one for 50 callers in two processes', async () => {
    const processes = [process('a'), process('b')]
    const all = Array.from({ length: 25 }, () => processes.map((one) => clientAt(one))).flat()
    await pass(3_000)
    expect(asked).toHaveLength(1)
    last().answer(CLIENT)
    await pass(1_000)
    expect(await Promise.all(all)).toEqual(all.map(() => CLIENT))
    expect(asked).toHaveLength(1)
  })

  it('is one for each server', async () => {
    const one = process('a')
    const others = ['https://as.example/a', 'https://as.example/ab'].map((issuer) =>
      clientAt(one, issuer),
    )
    await settle()
    expect(asked.map(({ issuer }) => issuer)).toEqual([
      'https://as.example/a',
      'https://as.example/ab',
    ])
    asked[0]?.answer(CLIENT)
    asked[1]?.answer(SECOND)
    expect(await Promise.all(others)).toEqual([CLIENT, SECOND])
  })

  it('is another one for another callback URL: the server would not send people there', async () => {
    await registered(process('before'), CLIENT)
    const moved = process('after', 'https://new.example/connect/callback')
    await registered(moved, SECOND)
    expect(asked.map(({ by }) => by)).toEqual(['before', 'after'])
    // Both applications can share the store.
    expect(await clientAt(process('before again'))).toEqual(CLIENT)
    expect(await clientAt(moved)).toEqual(SECOND)
  })

  it('cannot be read in the store', async () => {
    const records: string[] = []
    const watched = store
    store = {
      ...watched,
      compareAndSet: (id, was, record, ttlMs) => {
        records.push(`${id} ${record.value}`)
        return watched.compareAndSet(id, was, record, ttlMs)
      },
    }
    await registered(process('a'), { ...CLIENT, clientSecret: 'a client secret' })
    const decoded = records.map((one) =>
      one
        .split(/[. ]/)
        .map((part) => part + Buffer.from(part, 'base64url').toString('latin1'))
        .join(' '),
    )
    expect(decoded).toHaveLength(2)
    expect(decoded.join('\n')).not.toMatch(/a client secret|client-1|as\.example/)
  })
})

describe('a registration whose secret expires', () => {
  it.each([
    ['is used until ten minutes before', 10 * MINUTE_MS + 1, 1],
    ['is made again ten minutes before', 10 * MINUTE_MS, 2],
    ['is made again after it has expired', -MINUTE_MS, 2],
  ])('%s', async (_, remainingMs, registrations) => {
    const expiresAt = clock.now() + 60 * MINUTE_MS
    const one = process('a')
    await registered(one, { ...CLIENT, clientSecret: 'first', expiresAt })
    clock.advance(60 * MINUTE_MS - remainingMs)
    const client = clientAt(one)
    await settle()
    last().answer(SECOND)
    expect(await client).toMatchObject({ clientID: registrations === 1 ? 'client-1' : 'client-2' })
    expect(asked).toHaveLength(registrations)
  })
})

describe('a registration that the server has forgotten', () => {
  it('is made again, once, for all processes', async () => {
    const [one, other] = [process('a'), process('b')]
    await registered(one, CLIENT)
    await one.forget(ISSUER, 'client-1')
    const all = [clientAt(other), clientAt(one)]
    await settle()
    last().answer(SECOND)
    await pass(1_000)
    expect(await Promise.all(all)).toEqual([SECOND, SECOND])
    expect(asked).toHaveLength(2)
  })

  it('stays if it is another client that was forgotten, or there is none', async () => {
    const one = process('a')
    await one.forget(ISSUER, 'client-1')
    await registered(one, CLIENT)
    await one.forget(ISSUER, 'client-0')
    await one.forget('https://other.example', 'client-1')
    expect(await clientAt(one)).toEqual(CLIENT)
    expect(asked).toHaveLength(1)
  })

  it('is not undone by a late call about the client before', async () => {
    const [one, other] = [process('a'), process('b')]
    await registered(one, CLIENT)
    await one.forget(ISSUER, 'client-1')
    await registered(one, SECOND)
    await other.forget(ISSUER, 'client-1')
    expect(await clientAt(other)).toEqual(SECOND)
    expect(asked).toHaveLength(2)
  })
})

describe('a process that dies while it registers', () => {
  it('is followed by another one after 20 seconds, and not before', async () => {
    void clientAt(process('dead'))
    await settle()
    const client = clientAt(process('b'))
    await pass(19_900)
    expect(asked.map(({ by }) => by)).toEqual(['dead'])
    await pass(200)
    expect(asked.map(({ by }) => by)).toEqual(['dead', 'b'])
    last().answer(SECOND)
    expect(await client).toEqual(SECOND)
  })

  it('is followed by one of several', async () => {
    void clientAt(process('dead'))
    await settle()
    const all = ['b', 'c', 'd'].map((by) => clientAt(process(by)))
    await pass(20_200)
    expect(asked).toHaveLength(2)
    last().answer(SECOND)
    await pass(500)
    expect(await Promise.all(all)).toEqual([SECOND, SECOND, SECOND])
    expect(asked).toHaveLength(2)
  })

  it('takes the other’s client when it was only slow', async () => {
    const slow = clientAt(process('slow'))
    await settle()
    const other = clientAt(process('b'))
    await pass(20_200)
    asked[1]?.answer(SECOND)
    expect(await other).toEqual(SECOND)
    asked[0]?.answer(CLIENT)
    expect(await slow).toEqual(SECOND)
    expect(await clientAt(process('c'))).toEqual(SECOND)
  })
})

describe('a registration that fails', () => {
  const refusal = new NotConnectableError('registration_refused', 'It has not registered us.')

  it('with a refusal is told to those who wait, and tried again by the next', async () => {
    const [one, other] = [process('a'), process('b')]
    const waiting = [clientAt(one), clientAt(other)]
    await pass(500)
    last().fail(refusal)
    await pass(500)
    for (const client of waiting) {
      await expect(client).rejects.toMatchObject({
        ...{ code: 'ERR_NOT_CONNECTABLE', reason: 'registration_refused' },
        message: 'It has not registered us.',
      })
    }
    expect(asked).toHaveLength(1)
    await registered(other, CLIENT)
    expect(asked).toHaveLength(2)
  })

  it('because the server cannot be reached is tried at once by one who waits', async () => {
    const [one, other] = [process('a'), process('b')]
    const first = clientAt(one)
    await settle()
    const second = clientAt(other)
    await pass(200)
    last().fail(new DiscoveryError('It could not be reached.', { phase: 'discovery' }))
    await expect(first).rejects.toMatchObject({ code: 'ERR_DISCOVERY' })
    await pass(200)
    expect(asked.map(({ by }) => by)).toEqual(['a', 'b'])
    last().answer(SECOND)
    expect(await second).toEqual(SECOND)
  })
})

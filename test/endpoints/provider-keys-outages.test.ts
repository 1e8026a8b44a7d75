import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { createProviderKeys } from '../../src/endpoints/provider-keys.js'
import type { ProviderKeys, PublishedKeys } from '../../src/endpoints/provider-keys.js'
import { DiscoveryError } from '../../src/index.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'

const TEN_MINUTES = 600_000
const DOWN = new DiscoveryError("The provider's keys could not be read: HTTP 503.", {
  phase: 'keys',
  httpStatus: 503,
})

let clock: ManualClock
let keys: ProviderKeys
/** Answers a load: with the names of keys, or with an error. */
let answer: () => Promise<readonly string[]>
let loads: number

beforeEach(async () => {
  clock = createManualClock()
  loads = 0
  answer = () => Promise.resolve(['key-1'])
  keys = createProviderKeys(
    async () => {
      loads += 1
      return (await answer()).map((kid) => ({ kty: 'RSA', kid }))
    },
    clock,
    () => 1,
  )
  await keys.current('provider')
  loads = 0
  answer = () => Promise.reject(DOWN)
  clock.advance(TEN_MINUTES)
})

function newer(kid: string): Promise<PublishedKeys | undefined> {
  return keys.newer({
    header: { alg: 'RS256', kid },
    sender: 'provider',
    since: clock.monotonic(),
  })
}

/** What a JWT with this key's name gets, and how often keys were loaded for it. */
async function jwtOf(kid: string): Promise<{ isKnown: boolean; loads: number }> {
  loads = 0
  const isKnown = (await keys.current('provider')).has(kid)
  await nextTurn()
  return { isKnown, loads }
}

describe('keys that cannot be loaded again', () => {
  it('are used on, and tried again after pauses that double up to 30 seconds', async () => {
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 1 })
      clock.advance(pauseMs - 1)
      expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 0 })
      clock.advance(1)
    }
    clock.advance(365 * 24 * 3_600_000)
    expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 1 })
  })

  it('make only the first JWT wait for the answer', async () => {
    await keys.current('provider')
    clock.advance(1_000)
    answer = () => new Promise(() => undefined)
    expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 1 })
    expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 0 })
  })

  it('are replaced when they can be loaded: those that were withdrawn are not used any more', async () => {
    await keys.current('provider')
    answer = () => Promise.resolve(['key-2'])
    clock.advance(1_000)
    await keys.current('provider')
    await nextTurn()
    expect(await jwtOf('key-1')).toEqual({ isKnown: false, loads: 0 })
    expect(await jwtOf('key-2')).toEqual({ isKnown: true, loads: 0 })
  })

  it('leave a JWT of an unknown key with an error that says since when', async () => {
    const since = new Date(clock.now()).toISOString()
    await keys.current('provider')
    clock.advance(3_600_000)
    await expect(newer('key-2')).rejects.toMatchObject({
      code: 'ERR_DISCOVERY',
      phase: 'keys',
      httpStatus: 503,
      status: 503,
      retryable: true,
      message: `The provider's keys could not be read: HTTP 503. This has failed since ${since}.`,
    })
  })

  it('count the time anew after they were loaded', async () => {
    await keys.current('provider')
    answer = () => Promise.resolve(['key-1'])
    clock.advance(60_000)
    await keys.current('provider')
    await nextTurn()
    answer = () => Promise.reject(DOWN)
    clock.advance(1)
    const since = new Date(clock.now()).toISOString()
    await expect(newer('key-2')).rejects.toThrow(`This has failed since ${since}.`)
  })

  it('are not asked for before the time that the provider names', async () => {
    const busy = { phase: 'keys', httpStatus: 429, retryAfterMs: 60_000 }
    answer = () => Promise.reject(new DiscoveryError('Busy.', busy))
    expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 1 })
    clock.advance(59_999)
    expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 0 })
    clock.advance(1)
    expect(await jwtOf('key-1')).toEqual({ isKnown: true, loads: 1 })
  })
})

describe('keys that were never loaded', () => {
  it('are asked for by each JWT of the provider, and nothing is said about before', async () => {
    const never = createProviderKeys(() => Promise.reject(DOWN), clock)
    await expect(never.current('provider')).rejects.toBe(DOWN)
    await expect(never.current('provider')).rejects.toBe(DOWN)
  })
})

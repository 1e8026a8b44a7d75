import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createTransport } from '../../src/client/transport.js'
import { createProviderKeys, readKeySet } from '../../src/endpoints/provider-keys.js'
import type { JwtSender } from '../../src/endpoints/expected-jwt.js'
import type { ProviderKeys, PublishedKeys } from '../../src/endpoints/provider-keys.js'
import { DiscoveryError } from '../../src/index.js'
import { createManualClock } from '../support/manual-clock.js'
import type { ManualClock } from '../support/manual-clock.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { Script, ScriptedProvider } from '../support/scripted-provider.js'

let provider: ScriptedProvider
let clock: ManualClock
let keys: ProviderKeys

beforeAll(async () => {
  provider = await startScriptedProvider()
})
beforeEach(() => {
  provider.reset()
  publish('key-1')
  clock = createManualClock()
  const limits = { timeoutMs: 5_000, maximumConnections: 4, responseLimitBytes: 100_000 }
  const transport = createTransport(limits)
  keys = createProviderKeys(() => readKeySet(`${provider.origin}/jwks`, transport), clock)
})
afterAll(() => provider.close())

function publish(...kids: readonly string[]): void {
  provider.on('/jwks', json({ keys: kids.map((kid) => ({ kty: 'RSA', kid })) }))
}

const loads = (): number => provider.requestsTo('/jwks').length

/** Looks for a key that is not known, for a JWT that has just come. */
function newer(sender: JwtSender, kid: string): Promise<PublishedKeys | undefined> {
  return keys.newer({ header: { alg: 'RS256', kid }, sender, since: clock.monotonic() })
}

/** Lets requests of this moment be answered, and then the next moment come. */
async function pass(ms: number): Promise<void> {
  await keys.current('provider')
  clock.advance(ms)
}

describe('the provider’s keys', () => {
  it('are loaded once for all who need them at the same time, and kept for ten minutes', async () => {
    await Promise.all([1, 2, 3].map(() => keys.current('provider')))
    clock.advance(599_999)
    await keys.current('anyone')
    expect(loads()).toBe(1)
    clock.advance(1)
    await keys.current('anyone')
    expect(loads()).toBe(2)
  })

  it('are loaded again if the provider itself names one that is unknown, as often as it does', async () => {
    await pass(1)
    for (const kid of ['key-2', 'key-3', 'key-4']) {
      publish(kid)
      expect((await newer('provider', kid))?.has(kid)).toBe(true)
      clock.advance(1)
    }
    expect(loads()).toBe(4)
  })

  it('are not loaded again if they have been since the JWT came', async () => {
    const since = clock.monotonic()
    await keys.current('provider')
    const signer = { header: { alg: 'RS256', kid: 'key-2' }, sender: 'provider', since } as const
    expect(await keys.newer(signer)).toBeUndefined()
    expect(loads()).toBe(1)
  })

  it('are asked for once more if the request that was under way may have been too early', async () => {
    const answers: (() => void)[] = []
    const slow: Script = (request, response) => {
      answers.push(() => json({ keys: [{ kty: 'RSA', kid: 'old' }] })(request, response))
    }
    provider.on('/jwks', slow)
    const early = keys.current('provider')
    while (answers.length === 0) await new Promise(setImmediate)
    clock.advance(1)
    const late = newer('provider', 'key-2')
    publish('key-2')
    answers[0]?.()
    expect((await early).has('key-2')).toBe(false)
    expect((await late)?.has('key-2')).toBe(true)
    expect(loads()).toBe(2)
  })
})

describe('a name that anyone may have sent', () => {
  it('is looked for once in 5 seconds', async () => {
    await pass(1_000)
    await newer('anyone', 'made-up')
    await pass(4_999)
    for (let count = 0; count < 5; count++) await newer('anyone', 'made-up')
    expect(loads()).toBe(2)
    clock.advance(1)
    await newer('anyone', 'made-up')
    expect(loads()).toBe(3)
  })

  it('takes nothing from another name', async () => {
    await pass(1_000)
    await newer('anyone', 'made-up')
    publish('key-2')
    clock.advance(1_000)
    expect((await newer('anyone', 'key-2'))?.has('key-2')).toBe(true)
  })

  it('waits with hundreds of others for the same request, one in a second', async () => {
    await keys.current('provider')
    clock.advance(1)
    publish('key-2')
    const names = [...Array.from({ length: 300 }, (_, index) => `made-up-${index}`), 'key-2']
    const found = names.map((kid) => newer('anyone', kid))
    await new Promise(setImmediate)
    expect(loads()).toBe(1)
    clock.advance(999)
    expect((await Promise.all(found)).every((one) => one?.has('key-2'))).toBe(true)
    expect(loads()).toBe(2)
  })

  it('is looked for again at once if the keys could not be loaded', async () => {
    await pass(1_000)
    provider.on('/jwks', json({}, 503))
    await expect(newer('anyone', 'key-2')).rejects.toBeInstanceOf(DiscoveryError)
    publish('key-2')
    clock.advance(1_000)
    expect((await newer('anyone', 'key-2'))?.has('key-2')).toBe(true)
  })

  it('does not keep the provider’s own from loading the keys', async () => {
    await pass(1_000)
    await newer('anyone', 'key-2')
    clock.advance(1)
    publish('key-2')
    expect((await newer('provider', 'key-2'))?.has('key-2')).toBe(true)
  })
})

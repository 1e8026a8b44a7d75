import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { createTransport } from '../../src/client/transport.js'
import { createProviderJwtVerifier } from '../../src/endpoints/provider-jwt.js'
import { createProviderKeys, readKeySet } from '../../src/endpoints/provider-keys.js'
import type { VerifyProviderJwt } from '../../src/endpoints/expected-jwt.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const ISSUER = 'https://provider.example'

let provider: ScriptedProvider
let key: CryptoKey
let jwk: JWK
let others: readonly JWK[]
let verify: VerifyProviderJwt

beforeAll(async () => {
  provider = await startScriptedProvider()
  const pair = await generateKeyPair('ES256', { extractable: true })
  key = pair.privateKey
  jwk = await exportJWK(pair.publicKey)
  const strangers = await Promise.all(Array.from({ length: 12 }, () => generateKeyPair('ES256')))
  others = await Promise.all(strangers.map(({ publicKey }) => exportJWK(publicKey)))
})
beforeEach(() => {
  provider.reset()
  const limits = { timeoutMs: 5_000, maximumConnections: 4, responseLimitBytes: 1_000_000 }
  const jwksURL = `${provider.origin}/jwks`
  const settings = { issuer: ISSUER, clientID: 'client-1', clockToleranceSeconds: 30 }
  const transport = createTransport(limits)
  const keys = createProviderKeys(() => readKeySet(jwksURL, transport))
  const created = createProviderJwtVerifier(settings, keys)
  if (created === undefined) throw new Error('no verifier')
  verify = created
})
afterAll(() => provider.close())

const publish = (keys: readonly unknown[]): void => provider.on('/jwks', json({ keys }))

/** Verifies a JWT signed by `key`, and resolves to how many signatures were verified for it. */
async function verifications(kid?: string): Promise<{ count: number; isValid: boolean }> {
  const jwt = await new SignJWT({ iss: ISSUER, aud: 'client-1' })
    .setProtectedHeader({ alg: 'ES256', ...(kid !== undefined && { kid }) })
    .sign(key)
  const spy = jest.spyOn(crypto.subtle, 'verify')
  const isValid = await verify(jwt, { sender: 'anyone', required: [] }).then(
    () => true,
    () => false,
  )
  const count = spy.mock.calls.length
  spy.mockRestore()
  return { count, isValid }
}

describe('a JWT that any of many keys may have signed', () => {
  it('is tried with ten of them, and not again if the provider has the same keys as before', async () => {
    publish(Array.from({ length: 400 }, (_, index) => others[index % others.length]))
    expect(await verifications()).toEqual({ count: 10, isValid: false })
    expect(await verifications()).toEqual({ count: 10, isValid: false })
    expect(provider.requestsTo('/jwks').length).toBeGreaterThan(0)
  })

  it('is tried with ten if all have the name that it names', async () => {
    publish(Array.from({ length: 50 }, () => ({ ...others[0], kid: 'a' })))
    expect(await verifications('a')).toEqual({ count: 10, isValid: false })
  })

  it('is tried with none of another name, use or kind', async () => {
    publish([
      ...others.map((one, index) => ({ ...one, kid: `other-${index}` })),
      ...others.map((one) => ({ ...one, kid: 'a', use: 'enc' })),
      ...others.map((one) => ({ ...one, kid: 'a', alg: 'ES384' })),
      { ...jwk, kid: 'a' },
    ])
    expect(await verifications('a')).toEqual({ count: 1, isValid: true })
    expect(await verifications('b')).toEqual({ count: 0, isValid: false })
  })

  it('is tried with the first hundred keys of a set', async () => {
    const named = Array.from({ length: 99 }, (_, index) => ({ ...others[0], kid: `k${index}` }))
    publish([null, 'no key', { ...others[0], d: 'private' }, ...named, { ...jwk, kid: 'a' }])
    expect(await verifications('a')).toEqual({ count: 1, isValid: true })
    publish([...named, { ...others[0], kid: 'k99' }, { ...jwk, kid: 'b' }])
    expect(await verifications('b')).toEqual({ count: 0, isValid: false })
  })
})

describe('a key with members that are empty', () => {
  it.each([
    { alg: null },
    { alg: '' },
    { use: null },
    { use: '' },
    { key_ops: null },
    { key_ops: [] },
    { ext: null },
    { kid: '' },
    { d: null, p: null, q: null, dp: null, dq: null, qi: null, oth: null },
    { x5t: null, x5u: null, x5c: null, x5c_chain: [] },
  ])('is used as if it did not have them: %j', async (empty) => {
    publish([{ ...jwk, ...empty }])
    expect(await verifications()).toEqual({ count: 1, isValid: true })
  })

  it.each([{ d: 'private' }, { use: 'enc' }, { alg: 'ES384' }, { key_ops: ['sign'] }])(
    'is not used for what it says that it is not: %j',
    async (given) => {
      publish([{ ...jwk, ...given }])
      expect(await verifications()).toEqual({ count: 0, isValid: false })
    },
  )
})

import { describe, expect, it } from '@jest/globals'
import { discover } from '../../src/index.js'
import type { ProviderMetadata } from '../../src/index.js'
import { readOptionsAtStart } from '../../src/options/read-options-at-start.js'
import type { LateProviderOptions } from '../../src/options/options.js'
import { createManualClock } from '../support/manual-clock.js'

const ISSUER = 'https://provider.example'
const METADATA: ProviderMetadata = {
  issuer: ISSUER,
  name: 'provider.example',
  authorizationURL: `${ISSUER}/authorize`,
  tokenURL: `${ISSUER}/token`,
  jwksURL: `${ISSUER}/jwks`,
  profileURL: undefined,
  clientAuthenticationMethodsSupported: ['client_secret_basic'],
}
const required: LateProviderOptions = {
  issuer: ISSUER,
  clientID: 'client-1',
  clientSecret: 'secret-1',
  callbackURL: 'https://app.example/callback',
  metadata: () => METADATA,
}

/** All settings, once the metadata are read. */
async function completed(
  options: Partial<LateProviderOptions>,
  metadata: unknown = METADATA,
): Promise<unknown> {
  const { complete } = readOptionsAtStart({
    ...required,
    ...options,
    metadata: () => metadata as ProviderMetadata,
  })
  if (typeof complete !== 'function') throw new Error('nothing is read later')
  return complete()
}

describe('options with metadata that are read later', () => {
  it('fail when the function has not answered in a minute, and ask it anew afterwards', async () => {
    const clock = createManualClock()
    const answers = [new Promise<never>(() => undefined), Promise.resolve(METADATA)]
    const metadata = (): Promise<ProviderMetadata> => answers.shift() ?? Promise.reject(new Error())
    const { complete } = readOptionsAtStart({ ...required, metadata }, clock)
    if (typeof complete !== 'function') throw new Error('nothing is read later')
    const first = complete()
    clock.advance(60_000)
    await expect(first).rejects.toMatchObject({ code: 'ERR_DISCOVERY', status: 502 })
    await expect(complete()).resolves.toMatchObject({ tokenURL: `${ISSUER}/token` })
  })

  it('are complete when they are read, and the same object as long as the metadata are the same', async () => {
    let metadata = METADATA
    const { settings, complete } = readOptionsAtStart({ ...required, metadata: () => metadata })
    if (typeof complete !== 'function') throw new Error('nothing is read later')
    expect(settings).toMatchObject({ issuer: ISSUER, tokenURL: undefined, name: 'oauth2' })
    const first = await complete()
    expect(first).toMatchObject({
      tokenURL: `${ISSUER}/token`,
      clientAuthentication: 'client_secret_basic',
      name: 'oauth2',
    })
    metadata = { ...METADATA }
    expect(await complete()).toBe(first)
    metadata = { ...METADATA, tokenURL: `${ISSUER}/new` }
    expect(await complete()).toMatchObject({ tokenURL: `${ISSUER}/new` })
  })

  it('count before what the metadata say, unless they are undefined', async () => {
    const own = { tokenURL: `${ISSUER}/own`, name: 'own', jwksURL: undefined }
    expect(await completed(own)).toMatchObject({
      ...own,
      jwksURL: `${ISSUER}/jwks`,
      authorizationURL: `${ISSUER}/authorize`,
    })
  })

  it.each<[string, Partial<LateProviderOptions>]>([
    ['metadata needs the option issuer.', { issuer: undefined as unknown as string }],
    ['metadata must be a function.', { metadata: {} as LateProviderOptions['metadata'] }],
    ['clientSecret is missing.', { clientSecret: undefined }],
    ['tokenURL must', { tokenURL: 'http://provider.example' }],
    [
      'signedAuthorizationRequests needs the option privateKey.',
      { signedAuthorizationRequests: true },
    ],
    ['There is no option', { tokenURI: ISSUER } as Partial<LateProviderOptions>],
    ["grantLifetime 'account' needs grants", { grantLifetime: 'account' }],
  ])('are refused at the start: %s', (message, options) => {
    expect(() => readOptionsAtStart({ ...required, ...options })).toThrow(message)
  })

  it.each<[string, Partial<LateProviderOptions>, unknown]>([
    ['metadata must return an object.', {}, 'text'],
    [
      "the provider's metadata are those of 'https://provider.example/'",
      {},
      { ...METADATA, issuer: `${ISSUER}/` },
    ],
    ["metadata returned 'scope'", {}, { ...METADATA, scope: 'openid' }],
    ['tokenURL is missing.', {}, { ...METADATA, tokenURL: undefined }],
    ['PKCE only without S256', {}, { ...METADATA, codeChallengeMethodsSupported: ['plain'] }],
    [
      'postLogoutRedirectURL needs the option endSessionURL.',
      { postLogoutRedirectURL: 'https://app.example/' },
      METADATA,
    ],
    ['signedAuthorizationRequests needs', {}, { ...METADATA, signedAuthorizationRequests: true }],
    ['does not fit clientAuthentication', { clientAssertionAlgorithm: 'HS256' }, METADATA],
  ])('are refused when the metadata are read: %s', async (message, options, metadata) => {
    await expect(completed(options, metadata)).rejects.toThrow(message)
  })

  it('may be fit for what the metadata say, whatever the defaults without them are', async () => {
    const options = { clientAssertionAlgorithm: 'HS256', clientSecret: 'x'.repeat(32) } as const
    const metadata = { ...METADATA, clientAuthenticationMethodsSupported: ['client_secret_jwt'] }
    expect(await completed(options, metadata)).toMatchObject({
      clientAuthentication: 'client_secret_jwt',
    })
  })
})

describe('discover.lazy', () => {
  it('knows the name and the issuer, and asks nobody', () => {
    expect(discover.lazy('https://login.example/realms/a')).toEqual({
      name: 'login.example_realms_a',
      issuer: 'https://login.example/realms/a',
      metadata: expect.any(Function),
    })
    expect(
      discover.lazy('http://keycloak:8080/a', { dangerouslyAllowHttp: ['keycloak:8080'] }),
    ).toEqual({
      name: 'keycloak-8080_a',
      issuer: 'http://keycloak:8080/a',
      dangerouslyAllowHttp: ['keycloak:8080'],
      metadata: expect.any(Function),
    })
  })

  it.each([
    undefined,
    '',
    'text',
    'http://provider.example',
    `${ISSUER}/.well-known/openid-configuration`,
  ])('refuses the issuer %p at once', (issuer) => {
    expect(() => discover.lazy(issuer)).toThrow(/issuer/)
  })

  it('refuses unknown options at once', () => {
    expect(() => discover.lazy(ISSUER, { ...{ timeout: 5 } })).toThrow("Did you mean 'timeoutMs'?")
  })
})

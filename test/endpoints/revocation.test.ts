import { describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { TransportError } from '../../src/client/transport.js'
import { createRevokeTokens } from '../../src/endpoints/revocation.js'
import type { AuthorizationCodeOptions, TokenSet } from '../../src/index.js'
import { Browser } from '../support/http.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { formOf } from '../support/login.js'
import { setScene } from '../support/scene.js'

const tokenType = 'bearer'
const BOTH: TokenSet = { tokenType, accessToken: 'access', refreshToken: 'refresh' }
const OF_A_USE: TokenSet = { tokenType, accessToken: 'access-to-files' }

/** What is revoked of these tokens, by a provider that answers so. */
async function revoked(
  tokens: readonly TokenSet[],
  {
    ends,
    answer = () => Promise.resolve(200),
  }: { ends?: 'grant' | 'token'; answer?: () => Promise<number> } = {},
): Promise<readonly string[]> {
  const sent: string[] = []
  await createRevokeTokens((token, hint) => {
    sent.push(`${hint} ${token}`)
    return hint === 'refresh_token' ? answer() : Promise.resolve(200)
  }, ends)(tokens)
  return sent
}

const fails = (networkCode: string) => () =>
  Promise.reject(new TransportError('no answer', networkCode))

describe('revoking the tokens of a grant', () => {
  it.each<[string, readonly TokenSet[], Parameters<typeof revoked>[1], readonly string[]]>([
    ['ends with the refresh token, as at Keycloak', [BOTH], {}, ['refresh_token refresh']],
    ['leaves out those of its uses too', [BOTH, OF_A_USE], {}, ['refresh_token refresh']],
    [
      'revokes the access token if there is no refresh token',
      [OF_A_USE],
      {},
      ['access_token access-to-files'],
    ],
    [
      'sends no empty access token, which an imported grant has',
      [{ ...BOTH, accessToken: '' }],
      { ends: 'token' },
      ['refresh_token refresh'],
    ],
    [
      'revokes the access token if the provider revokes no refresh tokens (unsupported_token_type)',
      [BOTH],
      { answer: () => Promise.resolve(400) },
      ['refresh_token refresh', 'access_token access'],
    ],
    [
      'revokes the access token if the connection failed',
      [BOTH],
      { answer: fails('ECONNRESET') },
      ['refresh_token refresh', 'access_token access'],
    ],
    [
      'does not wait a second time for a provider that does not answer',
      [BOTH],
      { answer: fails('timeout') },
      ['refresh_token refresh'],
    ],
    [
      'revokes all where a refresh token ends nothing else: revocationEnds token',
      [BOTH, OF_A_USE],
      { ends: 'token' },
      ['refresh_token refresh', 'access_token access', 'access_token access-to-files'],
    ],
  ])('%s', async (_, tokens, provider, expected) => {
    expect(await revoked(tokens, provider)).toEqual(expected)
  })
})

describe('the revocation endpoint', () => {
  const scene = setScene()
  const { privateKey } = takeRsaKeyPair()

  /** How the client has authenticated at a logout. */
  async function methodOf(strategy: Partial<AuthorizationCodeOptions>): Promise<string> {
    const { provider } = scene
    provider.on('/revoke', (_request, response) => response.end())
    const revocationURL = `${provider.origin}/revoke`
    const app = await scene.start({ strategy: { revocationURL, ...strategy } })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    await browser.post(`${app.origin}/auth/logout`)
    await app.strategy.idle({ timeoutMs: 10_000 })
    const [request] = provider.requestsTo('/revoke')
    if (request === undefined) return 'no request'
    if (request.headers.authorization !== undefined) return 'client_secret_basic'
    const form = formOf(request)
    const assertion = form.get('client_assertion')
    if (assertion !== null) return String(decodeProtectedHeader(assertion).alg)
    return form.has('client_secret') ? 'client_secret_post' : 'none'
  }

  it.each<[string, Partial<AuthorizationCodeOptions>, readonly string[] | undefined, string]>([
    ['the token endpoint’s method if the metadata lists none', {}, undefined, 'client_secret_post'],
    [
      'the token endpoint’s method if it is listed',
      {},
      ['client_secret_basic', 'client_secret_post'],
      'client_secret_post',
    ],
    ['another one that is listed', {}, ['client_secret_basic'], 'client_secret_basic'],
    [
      'the secret that the token endpoint gets, and no key that may only sign requests',
      { privateKey, clientAuthentication: 'client_secret_post' },
      ['private_key_jwt', 'client_secret_basic'],
      'client_secret_basic',
    ],
    [
      'an assertion by a secret if nothing else is listed',
      { clientSecret: 'a secret of at least 32 characters' },
      ['client_secret_jwt'],
      'HS256',
    ],
    [
      'a secret although the token endpoint gets an assertion',
      { privateKey },
      ['client_secret_post'],
      'client_secret_post',
    ],
    [
      'an assertion although the token endpoint gets a secret',
      { privateKey, clientAuthentication: 'client_secret_basic' },
      ['private_key_jwt'],
      'PS256',
    ],
    [
      'the token endpoint’s method if nothing that is listed is possible',
      {},
      ['tls_client_auth'],
      'client_secret_post',
    ],
  ])('gets %s', async (_, options, revocationAuthenticationMethodsSupported, method) => {
    expect(await methodOf({ ...options, revocationAuthenticationMethodsSupported })).toBe(method)
  })
})

import '../support/own-realm.js'
import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import express from 'express'
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import { Provider } from 'oidc-provider'
import type { ClientMetadata } from 'oidc-provider'
import { discover } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import { takeRsaKeyPair } from '../support/keys.js'
import { bodyOf } from '../support/login.js'
import { renewedToken } from '../support/renewed-token.js'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})
// oidc-provider reminds of every default that is not for production.
beforeAll(() => {
  jest.spyOn(console, 'warn').mockReturnValue()
  jest.spyOn(console, 'info').mockReturnValue()
})
afterAll(() => {
  jest.restoreAllMocks()
})

const { privateKey } = takeRsaKeyPair()
const clientSecret = 'a secret of the client, of 64 bytes and more, for HS512 as well.'

/** The public half of a key, by the name that `keygen` and `/jwks.json` give it: its thumbprint. */
async function registered(key: KeyObject): Promise<ClientMetadata['jwks']> {
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  const kid = await calculateJwkThumbprint(jwk)
  return { keys: [{ ...jwk, use: 'sig', kid }] }
}

interface Scene {
  readonly app: TestApp
  /** The forms that the token endpoint got. */
  readonly forms: Readonly<Record<string, unknown>>[]
  /** The errors of the server. */
  readonly failures: string[]
}

/** An application and a real OpenID provider, which logs everybody in at once as Ada. */
async function start(
  client: Partial<ClientMetadata>,
  strategy: Partial<AuthorizationCodeOptions>,
): Promise<Scene> {
  const behind = { origin: '' }
  const front = await listen((req, res) => {
    res.writeHead(307, { location: `${behind.origin}${req.url ?? ''}` }).end()
  })
  const callbackURL = `${front.origin}/auth/callback`
  const site = express()
  const server = await listen(site)
  running.push(front, server)
  const forms: Readonly<Record<string, unknown>>[] = []
  const failures: string[] = []
  const provider = new Provider(server.origin, {
    clients: [
      {
        client_id: 'client-1',
        redirect_uris: [callbackURL],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        ...client,
      },
    ],
    cookies: { keys: ['a key of this test'] },
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', 'HS384', 'HS512', 'PS256'],
      requestObjectSigningAlgValues: ['PS256'],
    },
    clientAuthMethods: [
      ...(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'] as const),
      'private_key_jwt',
    ],
    features: {
      devInteractions: { enabled: false },
      requestObjects: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client?.clientId ?? '',
        accountId: oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid')
      await grant.save()
      return grant
    },
  })
  provider.on('grant.success', ({ oidc }) => void forms.push({ ...oidc.body }))
  const fail = (_context: unknown, error: Error): void => void failures.push(error.message)
  provider.on('grant.error', fail)
  provider.on('authorization.error', fail)
  provider.on('revocation.error', fail)
  site.get('/interaction/:uid', (req, res, next) => {
    provider
      .interactionFinished(req, res, { login: { accountId: 'ada' } })
      .catch((error: unknown) => next(error))
  })
  site.use(provider.callback())

  const app = await startApp({
    strategy: {
      ...(await discover(server.origin)),
      clientID: 'client-1',
      scope: 'openid',
      ...strategy,
      ...{ callbackURL },
    },
    routes: (one, own) => {
      one.get('/renew', (req, res, next) => {
        renewedToken(own, req).then((token) => res.json({ token }), next)
      })
    },
  })
  running.push(app)
  behind.origin = app.origin
  return { app, forms, failures }
}

/** Logs in, refreshes and logs out, and resolves to the query of the authorization request. */
async function visit({ app, failures }: Scene): Promise<URLSearchParams> {
  const browser = new Browser()
  const { location = '' } = await browser.visit(app.loginURL)
  const page = await browser.follow(location)
  expect([app.errors, failures]).toEqual([[], []])
  expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
  expect((await browser.visit(`${app.origin}/renew`)).status).toBe(200)
  await browser.post(`${app.origin}/auth/logout`)
  expect(await app.strategy.idle({ timeoutMs: 20_000 })).toBe(0)
  expect([app.errors, failures]).toEqual([[], []])
  return new URL(location).searchParams
}

describe('oidc-provider takes', () => {
  it.each(['HS256', 'HS384', 'HS512'] as const)(
    'client_secret_jwt with %s for logins, refreshes and revocations',
    async (alg) => {
      const scene = await start(
        {
          client_secret: clientSecret,
          token_endpoint_auth_method: 'client_secret_jwt',
          token_endpoint_auth_signing_alg: alg,
        },
        {
          clientSecret,
          clientAuthentication: 'client_secret_jwt',
          ...(alg !== 'HS256' && { clientAssertionAlgorithm: alg }),
        },
      )
      await visit(scene)
      const used = scene.forms.map(({ client_assertion: assertion }) =>
        decodeProtectedHeader(String(assertion)),
      )
      expect(used.map((header) => header.alg)).toEqual([alg, alg])
    },
  )

  it('private_key_jwt by a single key without a keyId, which has its thumbprint for a name', async () => {
    const scene = await start(
      { token_endpoint_auth_method: 'private_key_jwt', jwks: await registered(privateKey) },
      { privateKey },
    )
    await visit(scene)
    const { kid } = decodeProtectedHeader(String(scene.forms[0]?.['client_assertion']))
    expect(kid).toMatch(/^[\w-]{43}$/)
  })

  it('a request object by value, with response_type and scope beside it', async () => {
    const scene = await start(
      {
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: await registered(privateKey),
        request_object_signing_alg: 'PS256',
        require_signed_request_object: true,
      },
      { privateKey, signedAuthorizationRequests: true },
    )
    const query = await visit(scene)
    expect([...query.keys()].sort()).toEqual(['client_id', 'request', 'response_type', 'scope'])
  })
})

import '../support/own-realm.js'
import { createHash, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose'
import { discover } from '../../src/index.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { startFapiServer } from '../support/fapi-server.js'
import type { FapiServer } from '../support/fapi-server.js'
import { Browser, listen } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { renewedToken } from '../support/renewed-token.js'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

/** An application that logs people in at a FAPI 2.0 server. */
async function start({ signsMessages = false, wantsNonces = true } = {}): Promise<{
  readonly app: TestApp
  readonly server: FapiServer
  readonly dpopKey: KeyObject
}> {
  // The server wants to know the callback before the application has a port.
  const behind = { origin: '' }
  const front = await listen((req, res) => {
    res.writeHead(307, { location: `${behind.origin}${req.url ?? ''}` }).end()
  })
  running.push(front)
  const callbackURL = `${front.origin}/auth/callback`
  const server = await startFapiServer(() => ({
    redirectURI: callbackURL,
    postLogoutRedirectURI: `${front.origin}/auth/logged-out`,
    signsMessages,
    wantsNonces,
  }))
  running.push(server)
  const provider = await discover(server.origin)
  const dpopKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const app = await startApp({
    strategy: {
      ...provider,
      clientID: 'client-1',
      privateKey: server.privateKey,
      dpopKey,
      providerSignatureAlgorithms: ['PS256'],
      scope: 'openid profile',
      postLogoutRedirectURL: `${front.origin}/auth/logged-out`,
      ...(signsMessages && {
        signedAuthorizationRequests: true,
        signedAuthorizationResponses: true,
      }),
      ...{ callbackURL },
    },
    routes: (one, strategy) => {
      one.get('/renew', (req, res, next) => {
        renewedToken(strategy, req).then((token) => res.json({ token }), next)
      })
      one.get('/userinfo', (req, res, next) => {
        strategy
          .fetch(req, `${server.origin}/me`)
          .then(async (answer) => res.status(answer.status).json(await answer.json()), next)
      })
    },
  })
  running.push(app)
  behind.origin = app.origin
  return { app, server, dpopKey }
}

describe.each([
  ['FAPI 2.0 Security Profile', false],
  ['FAPI 2.0 Message Signing', true],
])('a server of the %s', (_profile, signsMessages) => {
  it('logs a person in, serves the API, refreshes, and logs out [fapi-2]', async () => {
    const { app, server } = await start({ signsMessages })
    const browser = new Browser()
    const { location = '' } = await browser.visit(app.loginURL)
    expect(app.errors).toEqual([])
    expect([...new URL(location).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri'])

    const page = await browser.follow(location)
    expect(app.errors).toEqual([])
    expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
    const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`)) as {
      tokens: Record<string, string>
    }
    expect(tokens).toMatchObject({ tokenType: 'dpop' })
    expect(decodeProtectedHeader(tokens['idToken'] ?? '').alg).toBe('PS256')
    expect(decodeJwt(tokens['idToken'] ?? '')).toMatchObject({ sub: 'ada', iss: server.origin })

    const answer = await browser.visit(`${app.origin}/userinfo`)
    expect([answer.status, bodyOf(answer)]).toEqual([200, { sub: 'ada', name: 'Ada Lovelace' }])
    const renewed = bodyOf(await browser.visit(`${app.origin}/renew`)) as { token: string }
    expect(renewed.token).not.toBe(tokens['accessToken'])
    expect((await browser.visit(`${app.origin}/userinfo`)).status).toBe(200)

    const out = await browser.post(`${app.origin}/auth/logout`)
    expect(new URL(out.location ?? '').pathname).toBe('/session/end')
    expect((await browser.visit(out.location ?? '')).status).toBe(200)
  })

  it('is asked once more for each nonce that it wants, and for nothing else [fapi-1]', async () => {
    const { app, server } = await start({ signsMessages })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    const count = (path: string): number => server.requests.filter((one) => one === path).length
    expect([count('POST /request'), count('POST /token'), count('GET /me')]).toEqual([2, 1, 1])
    expect(count('GET /jwks')).toBe(1)
  })
})

describe('an authorization request of FAPI 2.0 Message Signing', () => {
  it('is a signed object, with nothing beside it but who the client is [fapi-5]', async () => {
    const { app, server } = await start({ signsMessages: true })
    const before = Math.floor(Date.now() / 1000)
    await new Browser().follow(app.loginURL)
    expect(app.errors).toEqual([])

    const [pushed = {}, ...others] = server.pushed
    expect(others).toEqual([])
    const members = ['client_assertion', 'client_assertion_type', 'client_id', 'request']
    expect(Object.keys(pushed).sort()).toEqual(members)
    const request = String(pushed['request'])
    expect(decodeProtectedHeader(request)).toMatchObject({
      alg: 'PS256',
      typ: 'oauth-authz-req+jwt',
    })
    const { nbf = Infinity, exp = Infinity, ...claims } = decodeJwt(request)
    expect(claims).toMatchObject({
      iss: 'client-1',
      aud: server.origin,
      client_id: 'client-1',
      response_type: 'code',
      response_mode: 'jwt',
      code_challenge_method: 'S256',
    })
    expect(nbf).toBeLessThanOrEqual(before)
    expect(nbf).toBeGreaterThan(before - 60)
    expect(exp - nbf).toBeLessThanOrEqual(60 * 60)
    expect(exp).toBeGreaterThan(before + 30)
  })
})

describe('a server of the FAPI 2.0 Security Profile that gives no nonces', () => {
  it('is asked once for each step: the login by PAR with private_key_jwt and DPoP, and the resource [fapi-3]', async () => {
    const { app, server } = await start({ wantsNonces: false })
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)
    expect(app.errors).toEqual([])
    expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
    const answer = await browser.visit(`${app.origin}/userinfo`)
    expect([answer.status, bodyOf(answer)]).toEqual([200, { sub: 'ada', name: 'Ada Lovelace' }])
    const steps = ['POST /request', 'POST /token', 'GET /me', 'GET /me']
    expect(server.requests.filter((one) => steps.includes(one))).toEqual(steps)
  })

  it('takes no stolen token from those who lack the key, and nothing that is kept or shown has it [fapi-4]', async () => {
    const { app, server, dpopKey } = await start({ wantsNonces: false })
    const browser = new Browser()
    const { location = '' } = await browser.visit(app.loginURL)
    const pending = await sessionsOf(app)
    expect(pending).toContain('codeVerifier')
    const home = await browser.follow(location)
    const shown = await browser.visit(`${app.origin}/tokens`)
    const { tokens } = bodyOf(shown) as { tokens: { accessToken: string } }
    const { d = '' } = dpopKey.export({ format: 'jwk' })
    expect(d).not.toBe('')
    const kept = await sessionsOf(app)
    expect(kept).toContain(tokens.accessToken)
    expect([pending, kept, home.text, shown.text].join('\n')).not.toContain(d)

    const url = `${server.origin}/me`
    const statusOf = async (headers: Record<string, string>): Promise<number> =>
      (await new Browser().request(url, { headers })).status
    const bound = { authorization: `DPoP ${tokens.accessToken}` }
    const thief = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(await statusOf({ authorization: `Bearer ${tokens.accessToken}` })).toBe(401)
    expect(await statusOf(bound)).toBe(400)
    expect(await statusOf({ ...bound, dpop: await proofBy(thief, url, tokens.accessToken) })).toBe(
      401,
    )
    expect(
      await statusOf({ ...bound, dpop: await proofBy(dpopKey, url, tokens.accessToken) }),
    ).toBe(200)
  })
})

/** All that the session store holds. */
function sessionsOf({ store }: TestApp): Promise<string> {
  return new Promise((resolve) => {
    // A store in memory cannot fail.
    store.all?.((_error, sessions) => resolve(JSON.stringify(sessions)))
  })
}

/** A proof for `GET url`, right in all but, perhaps, its key. */
async function proofBy(key: KeyObject, url: string, accessToken: string): Promise<string> {
  const ath = createHash('sha256').update(accessToken).digest('base64url')
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  return new SignJWT({ jti: randomUUID(), htm: 'GET', htu: url, ath })
    .setIssuedAt()
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .sign(key)
}

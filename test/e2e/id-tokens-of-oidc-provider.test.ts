import '../support/own-realm.js'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { discover } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import { startIdTokenServer } from '../support/id-token-server.js'
import type { IdTokenServer, IdTokenServerOptions } from '../support/id-token-server.js'
import { bodyOf } from '../support/login.js'
import { renewedToken } from '../support/renewed-token.js'

const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

/** An application that logs people in at oidc-provider. */
async function start(
  options: Omit<IdTokenServerOptions, 'callbackURL'>,
  strategy: Partial<AuthorizationCodeOptions> = {},
): Promise<{ readonly app: TestApp; readonly server: IdTokenServer }> {
  // The server wants to know the callback before the application has a port.
  const behind = { origin: '' }
  const front = await listen((req, res) => {
    res.writeHead(307, { location: `${behind.origin}${req.url ?? ''}` }).end()
  })
  running.push(front)
  const callbackURL = `${front.origin}/auth/callback`
  const server = await startIdTokenServer({ ...options, callbackURL })
  running.push(server)
  const { clientID, clientSecret } = server
  const provider = await discover(server.origin)
  const app = await startApp({
    strategy: {
      ...{ ...provider, clientID, clientSecret, scope: 'openid', callbackURL },
      ...{ profileURL: undefined, ...strategy },
    },
    routes: (one, used) => {
      one.get('/renew', (req, res, next) => {
        renewedToken(used, req).then((accessToken) => res.json({ accessToken }), next)
      })
    },
  })
  running.push(app)
  behind.origin = app.origin
  return { app, server }
}

async function logIn(app: TestApp): Promise<Browser> {
  const browser = new Browser()
  const page = await browser.follow(app.loginURL)
  expect(app.errors).toEqual([])
  expect([page.status, bodyOf(page)]).toMatchObject([200, { user: { id: 'ada' } }])
  return browser
}

/** The header of the ID token that the session has. */
async function headerIn(app: TestApp, browser: Browser): Promise<{ alg?: string; kid?: string }> {
  const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`)) as {
    tokens: { idToken: string }
  }
  return decodeProtectedHeader(tokens.idToken)
}

async function renew(app: TestApp, browser: Browser): Promise<void> {
  const page = await browser.visit(`${app.origin}/renew`)
  expect(bodyOf(page)).toEqual({ accessToken: expect.any(String) })
}

describe('oidc-provider that signs ID tokens with the client secret', () => {
  it.each(['HS256', 'HS384', 'HS512'] as const)(
    'logs people in, and refreshes, if the operator names %s',
    async (algorithm) => {
      const { app, server } = await start(
        { algorithm },
        { providerSignatureAlgorithms: [algorithm] },
      )
      const browser = await logIn(app)
      expect((await headerIn(app, browser)).alg).toBe(algorithm)
      await renew(app, browser)
      expect(app.errors).toEqual([])
      expect(server.requests).not.toContain('GET /jwks')
    },
  )

  it.each<[string, Partial<AuthorizationCodeOptions>, RegExp]>([
    ['nobody has named it', {}, /signed with HS256; accepted: RS256, /],
    [
      'another is named',
      { providerSignatureAlgorithms: ['HS512', 'ES256'] },
      /signed with HS256; accepted: ES256, HS512\)/,
    ],
    [
      'the secret is another',
      { providerSignatureAlgorithms: ['HS256'], dispatcher: undefined },
      /signature verification failed \(it is signed with HS256; accepted: HS256\)/,
    ],
  ])('is refused if %s', async (what, options, reason) => {
    let calls = 0
    const other = what.includes('secret')
      ? // The first call is for the token request.
        { clientSecret: () => (calls++ === 0 ? 'secret-1' : 'Secret-1').repeat(8) }
      : {}
    const { app } = await start({ algorithm: 'HS256' }, { ...options, ...other })
    expect((await new Browser().follow(app.loginURL)).status).toBe(502)
    expect(app.errors.map(String)).toEqual([expect.stringMatching(reason)])
  })
})

describe('oidc-provider that changes its key before each token request', () => {
  it('logs everybody in, and refreshes, one after the other and all at once', async () => {
    const { app, server } = await start({ algorithm: 'ES256', rotates: true })
    const kids = new Set<string | undefined>()
    for (let count = 0; count < 3; count++) {
      const browser = await logIn(app)
      kids.add((await headerIn(app, browser)).kid)
      await renew(app, browser)
      kids.add((await headerIn(app, browser)).kid)
    }
    const browsers = await Promise.all(Array.from({ length: 12 }, () => logIn(app)))
    await Promise.all(browsers.map((browser) => renew(app, browser)))
    for (const browser of browsers) kids.add((await headerIn(app, browser)).kid)
    expect(app.errors).toEqual([])
    expect(server.rotations()).toBe(30)
    expect(kids.size).toBeGreaterThanOrEqual(7)
  })
})

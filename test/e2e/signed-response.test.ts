import { beforeEach, describe, expect, it } from '@jest/globals'
import { base64url } from 'jose'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { asked, bodyOf, changed, formOf, startLogin } from '../support/login.js'
import type { StartedLogin } from '../support/login.js'
import { createProviderKey, signWith, speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
let browser: Browser
let provider: OpenIdProvider

beforeEach(async () => {
  provider = await speakOpenId(scene.provider)
  browser = new Browser()
})

const now = (): number => Math.floor(Date.now() / 1000)

/** What the provider says by a signed response, honestly but for what is changed. */
function saidTo(state: string, members: Readonly<Record<string, unknown>> = {}) {
  const honest = { iss: provider.issuer, aud: 'client-1', exp: now() + 60 }
  return { ...honest, code: 'code-of-ada', state, ...members }
}

function start(options: Partial<AuthorizationCodeOptions> = {}): Promise<TestApp> {
  return scene.start({
    strategy: { ...provider.options, signedAuthorizationResponses: true, ...options },
  })
}

/** The callback of a login that was started, with this response alone. */
function signedBy({ callback }: StartedLogin, response: string): string {
  return changed(callback, { code: undefined, state: undefined, response })
}

/** The callback is refused, no code is sent, and the login can still be finished by an honest one. */
async function expectRefusal(app: TestApp, login: StartedLogin, callback: string): Promise<void> {
  const page = await browser.visit(callback)
  expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_AUTHORIZATION_RESPONSE' }])
  expect(asked(scene.provider)).not.toContain('POST /token')
  expect((await browser.visit(`${app.origin}/private`)).status).not.toBe(200)

  const honest = await provider.sign(saidTo(login.state))
  expect((await browser.follow(signedBy(login, honest))).status).toBe(200)
  expect((await browser.visit(`${app.origin}/private`)).status).toBe(200)
}

describe('a signed response', () => {
  it('is asked for, and is where code and state are taken from, whatever stands beside it [jarm-2]', async () => {
    const app = await start()
    const login = await startLogin(browser, app.loginURL)
    expect(login.request.get('response_mode')).toBe('jwt')
    const response = await provider.sign(saidTo(login.state))
    const beside = { code: 'injected', state: 'another', iss: 'https://evil.example' }
    const callback = changed(login.callback, { ...beside, error: 'access_denied', response })
    expect((await browser.follow(callback)).status).toBe(200)
    const [request] = scene.provider.requestsTo('/token')
    expect(formOf(request).get('code')).toBe('code-of-ada')
    expect(await browser.visit(`${app.origin}/private`)).toMatchObject({ status: 200 })
  })

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['has no iss', { iss: undefined }],
    ['has another iss', { iss: 'https://evil.example' }],
    ['has no aud', { aud: undefined }],
    ['has another aud', { aud: 'client-2' }],
    ['has no exp', { exp: undefined }],
    ['has an exp that is past', { exp: now() - 3600 }],
    ['has an exp that is no number', { exp: 'never' }],
  ])('is refused, and its code is not sent, when it %s [jarm-4]', async (_what, members) => {
    const app = await start()
    const login = await startLogin(browser, app.loginURL)
    const response = await provider.sign(saidTo(login.state, members))
    await expectRefusal(app, login, signedBy(login, response))
  })

  const forgeries: Readonly<
    Record<string, (claims: ReturnType<typeof saidTo>) => Promise<string>>
  > = {
    'has a signature by another key': async (claims) =>
      signWith((await createProviderKey('PS256')).privateKey, claims, { kid: 'key-1' }),
    'was changed after it was signed': async (claims) => {
      const [header, , signature] = (await provider.sign({ ...claims, code: 'x' })).split('.')
      return `${header}.${base64url.encode(JSON.stringify(claims))}.${signature}`
    },
    'has alg none': (claims) =>
      Promise.resolve(
        `${['{"alg":"none"}', JSON.stringify(claims)].map((part) => base64url.encode(part)).join('.')}.`,
      ),
    'has the public key for a secret': (claims) =>
      signWith(new TextEncoder().encode(JSON.stringify(provider.publicKey)), claims, {
        alg: 'HS256',
        kid: 'key-1',
      }),
    'brings its own key along': async (claims) => {
      const { privateKey, jwk } = await createProviderKey('PS256')
      return signWith(privateKey, claims, { jwk })
    },
    'is no JWT': () => Promise.resolve('not a token'),
  }

  it.each(Object.keys(forgeries))(
    'is refused, and its code is not sent, when it is forged: it %s [jarm-5]',
    async (what) => {
      const app = await start()
      const login = await startLogin(browser, app.loginURL)
      const response = (await forgeries[what]?.(saidTo(login.state))) ?? ''
      await expectRefusal(app, login, signedBy(login, response))
    },
  )

  it('is refused when its algorithm is none that was agreed on, though the provider has such a key [jarm-3]', async () => {
    const other = await createProviderKey('RS256', { kid: 'other' })
    provider.publish(provider.publicKey, other.jwk)
    const app = await start({ providerSignatureAlgorithms: ['PS256'] })
    const login = await startLogin(browser, app.loginURL)
    const header = { alg: 'RS256', kid: 'other' }
    const response = await signWith(other.privateKey, saidTo(login.state), header)
    await expectRefusal(app, login, signedBy(login, response))
  })

  it('is refused for what it says, and not for its signature, whichever of several keys made it', async () => {
    const [one, other] = [await createProviderKey('PS256'), await createProviderKey('PS256')]
    provider.publish(one.jwk, other.jwk)
    const app = await start()
    const login = await startLogin(browser, app.loginURL)
    for (const { privateKey } of [one, other]) {
      const response = await signWith(privateKey, saidTo(login.state, { aud: 'client-2' }))
      expect((await browser.visit(signedBy(login, response))).status).toBe(400)
      expect(String(app.errors.at(-1))).toMatch(/"aud"/)
    }
  })

  it('is the only kind that is taken [jarm-6]', async () => {
    const app = await start()
    const login = await startLogin(browser, app.loginURL)
    await expectRefusal(app, login, login.callback)
  })

  it('may not come twice in one callback', async () => {
    const app = await start()
    const login = await startLogin(browser, app.loginURL)
    const response = await provider.sign(saidTo(login.state))
    const twice = `${signedBy(login, response)}&response=${response}`
    await expectRefusal(app, login, twice)
  })

  it('has to be about a login of this browser, and an ID token is about none [jarm-1]', async () => {
    const app = await start()
    const login = await startLogin(browser, app.loginURL)
    const idToken = { ...saidTo(login.state), code: undefined, state: undefined, sub: 'ada' }
    for (const claims of [
      saidTo('another'),
      saidTo(login.state, { state: [login.state] }),
      idToken,
    ]) {
      const page = await browser.visit(signedBy(login, await provider.sign(claims)))
      expect([page.status, bodyOf(page)]).toEqual([400, { code: 'ERR_PENDING_LOGIN_UNKNOWN' }])
    }
    expect(asked(scene.provider)).not.toContain('POST /token')
  })

  it('is needed for a denial, too', async () => {
    const app = await start()
    const login = await startLogin(browser, app.loginURL)
    const denial = { code: undefined, error: 'access_denied' }
    const unsigned = changed(login.callback, denial)
    await expectRefusal(app, login, unsigned)

    const next = await startLogin(browser, app.loginURL)
    const signed = await provider.sign(saidTo(next.state, denial))
    expect((await browser.visit(signedBy(next, signed))).status).toBe(403)
    expect(scene.provider.requestsTo('/token')).toHaveLength(1)
  })
})

it('an error that is not signed is shown to the developer, and not believed', async () => {
  const app = await start()
  const login = await startLogin(browser, app.loginURL)
  const callback = changed(login.callback, {
    ...{ code: undefined, error: 'unauthorized_client' },
    error_description: 'Client may not use response_mode jwt',
  })
  await expectRefusal(app, login, callback)
  const { message } = app.errors[0] as Error
  expect(message).toContain('The callback is not signed')
  expect(message).toContain('unauthorized_client (Client may not use response_mode jwt)')
  expect(message).toContain('Anybody can send such a callback')
  expect(message).not.toContain(login.state)
})

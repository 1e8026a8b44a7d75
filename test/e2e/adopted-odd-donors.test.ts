import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Request, RequestHandler } from 'express'
import passport from 'passport'
import { adopt, authRouter } from '../../src/index.js'
import type { AdoptOptions } from '../../src/index.js'
import { startAdoptingApp } from '../support/adopting-app.js'
import type { AdoptingApp } from '../support/adopting-app.js'
import { Donor } from '../support/donor.js'
import { Browser } from '../support/http.js'
import type { Page, RunningServer } from '../support/http.js'
import { formOf, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'

type Done = (error?: unknown, user?: unknown, info?: unknown) => void
/** `this` of a hook, as passport-oauth2's types do not show it. */
type Loose = Donor & Record<string, unknown>

const scene = setScene()
const running: RunningServer[] = []
let browser: Browser

beforeEach(() => {
  browser = new Browser()
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

interface StartedApp extends AdoptingApp {
  /** What was in `req.authInfo`, if the login came so far. */
  readonly infos: unknown[]
}

/** An application with an adopted strategy in routes of its own, as passport-oauth2's documentation has them. */
async function start(
  make: (callbackURL: string) => Donor,
  { loginOptions = {}, ...options }: AdoptOptions & { readonly loginOptions?: object } = {},
): Promise<StartedApp> {
  const infos: unknown[] = []
  const app = await startAdoptingApp((routes, origin) => {
    const strategy = adopt(make(`${origin}/callback`), options)
    const failureRedirect = '/failed'
    const authenticate = (one: object): RequestHandler =>
      passport.authenticate(strategy, { ...one, failureRedirect }) as RequestHandler
    routes.get('/login', authenticate(loginOptions))
    routes.get('/callback', authenticate({}), (req, res) => {
      infos.push(req.authInfo)
      res.redirect('/')
    })
    routes.use('/routed', authRouter(adopt(make(`${origin}/routed/callback`), options)))
  })
  running.push(app)
  return { ...app, infos }
}

/** A callback that comes back from the provider, with the authorization request before it. */
async function comeBack({ origin }: StartedApp): Promise<{ page: Page; request: URLSearchParams }> {
  const { request, callback } = await startLogin(browser, `${origin}/login`)
  return { request, page: await browser.visit(callback) }
}

function pathOf({ location }: Page): string | undefined {
  return location === undefined ? undefined : new URL(location).pathname
}

const refused = (said: string) =>
  expect.objectContaining({ option: 'donor', message: expect.stringContaining(said) })

describe('authenticate of a donor that replaces what the library does', () => {
  it.each<[string, (this: Loose) => void]>([
    [
      'success',
      function () {
        const success = this.success.bind(this)
        this.success = (user: { id: string }, info: object) =>
          user.id === 'eve' ? success(user, info) : this.fail({ message: 'no' }, 403)
      },
    ],
    [
      'fail',
      function () {
        this.fail = () => undefined
      },
    ],
    [
      'redirect',
      function () {
        this.redirect = () => undefined
      },
    ],
    [
      'error',
      function () {
        this.error = () => undefined
      },
    ],
    [
      'authorizationParams',
      function () {
        this.authorizationParams = () => ({})
      },
    ],
    [
      '_scopeSeparator',
      function () {
        this['_scopeSeparator'] = ','
      },
    ],
    [
      '_oauth2._customHeaders',
      function () {
        this.client._customHeaders = { 'X-Tenant': 'a' }
      },
    ],
    [
      '_oauth2._clientId',
      function () {
        Object.assign(this.client, { _clientId: 'another' })
      },
    ],
  ])('this.%s is refused: nobody gets in without it', async (name, replace) => {
    class Own extends Donor {
      override authenticate(req: Request, options?: object): void {
        replace.call(this as unknown as Loose)
        super.authenticate(req, options)
      }
    }
    const app = await start((callbackURL) => new Own(scene.provider, { callbackURL }))
    expect((await browser.follow(`${app.origin}/login`)).status).toBe(500)
    expect(app.errors).toEqual([refused(`replaces this.${name}`)])
    expect(scene.provider.requests).toEqual([])
  })
})

describe('what a donor sets for one login', () => {
  it.each<[string, (this: Loose, options: Record<string, unknown>, elsewhere: string) => object]>([
    [
      'this._callbackURL',
      function (options, elsewhere) {
        this['_callbackURL'] = elsewhere
        return options
      },
    ],
    [
      'options.callbackURL',
      (options, elsewhere) => Object.assign(options, { callbackURL: elsewhere }),
    ],
    ['options of its own', (options, elsewhere) => ({ ...options, callbackURL: elsewhere })],
  ])('%s: the callback is there, in both requests', async (_what, change) => {
    class Own extends Donor {
      override authenticate(req: Request, options: Record<string, unknown> = {}): void {
        const elsewhere = `http://${req.headers.host}/callback?tenant=a`
        super.authenticate(req, change.call(this as unknown as Loose, options, elsewhere))
      }
    }
    const app = await start((callbackURL) => new Own(scene.provider, { callbackURL }))
    const { request } = await comeBack(app)
    expect(app.errors).toEqual([])
    expect(request.get('redirect_uri')).toBe(`${app.origin}/callback?tenant=a`)
    const form = formOf(scene.provider.requestsTo('/token')[0])
    expect(form.get('redirect_uri')).toBe(`${app.origin}/callback?tenant=a`)
  })

  it('this._scope: is the scope of this login alone', async () => {
    class Own extends Donor {
      override authenticate(req: Request, options?: object): void {
        if (req.query['tenant'] !== undefined) Object.assign(this, { _scope: ['tenant'] })
        super.authenticate(req, options)
      }
    }
    const app = await start(
      (callbackURL) => new Own(scene.provider, { callbackURL, scope: 'base' }),
    )
    const scopes = ['/login?tenant=a', '/login'].map(async (path) => {
      const { request } = await startLogin(new Browser(), app.origin + path)
      return request.get('scope')
    })
    expect(await Promise.all(scopes)).toEqual(['tenant', 'base'])
  })

  it.each<[string, unknown]>([
    ['a text', 'invite-42'],
    ['an object', { invite: 42 }],
  ])(
    'the option state: %s comes back as appState, and the parameter stays random',
    async (_what, state) => {
      const app = await start((callbackURL) => new Donor(scene.provider, { callbackURL }), {
        loginOptions: { state },
      })
      const { request } = await comeBack(app)
      expect(request.get('state')).toMatch(/^[\w-]{43}$/)
      expect(app.infos).toEqual([expect.objectContaining({ appState: state, state })])
    },
  )

  it.each([
    ['resource', 'the option resource'],
    ['audience', 'several times'],
  ])('a list of values of %s: is refused', async (name, said) => {
    class Own extends Donor {
      override authorizationParams(): object {
        return { [name]: ['https://a.example', 'https://b.example'] }
      }
    }
    const app = await start((callbackURL) => new Own(scene.provider, { callbackURL }))
    await browser.follow(`${app.origin}/login`)
    expect(app.errors).toEqual([refused(said)])
  })
})

describe('verify of a donor, which calls a method of Passport', () => {
  class Own extends Donor {
    override authenticate(req: Request, options?: object): void {
      super.authenticate(req, options)
    }
  }

  it.each<[string, (this: Donor, done: Done) => void, string | undefined, unknown[]]>([
    [
      'error',
      function () {
        this.error(new Error('no'))
      },
      undefined,
      [new Error('no')],
    ],
    [
      'fail',
      function () {
        this.fail({ message: 'no' }, 403)
      },
      '/failed',
      [],
    ],
    [
      'redirect',
      function () {
        this.redirect('/consent')
      },
      '/consent',
      [],
    ],
    [
      'success',
      function () {
        this.success({ id: 'ada' })
      },
      '/',
      [],
    ],
  ])(
    'this.%s: does what that does, with an authenticate of its own and without',
    async (_name, act, location, errors) => {
      function verify(this: Donor, _a: unknown, _b: unknown, _p: unknown, done: Done): void {
        act.call(this, done)
      }
      for (const type of [Own, Donor]) {
        const app = await start((callbackURL) => new type(scene.provider, { callbackURL }, verify))
        const { page } = await comeBack(app)
        expect([pathOf(page), app.errors]).toEqual([location, errors])
      }
    },
  )

  it('is answered in the routes of authRouter as well', async () => {
    function verify(this: Donor): void {
      this.redirect('/consent')
    }
    const app = await start((callbackURL) => new Donor(scene.provider, { callbackURL }, verify))
    const { callback } = await startLogin(browser, `${app.origin}/routed/login`)
    const page = await browser.visit(callback)
    expect([page.status, pathOf(page)]).toEqual([302, '/consent'])
  })

  it('is told apart from an error that is no Error: its fields stay', async () => {
    const verify = (_a: unknown, _b: unknown, _p: unknown, done: Done): void =>
      done({ status: 403, message: 'blocked' })
    const app = await start((callbackURL) => new Donor(scene.provider, { callbackURL }, verify))
    await comeBack(app)
    expect(app.errors).toEqual([expect.any(Error)])
    expect(app.errors[0]).toMatchObject({ status: 403, message: 'blocked' })
  })

  it('that userProfile calls ends the login too', async () => {
    class Failing extends Donor {
      override userProfile(): void {
        this.error(new Error('no profile'))
      }
    }
    const app = await start((callbackURL) => new Failing(scene.provider, { callbackURL }))
    await comeBack(app)
    expect(app.errors).toEqual([new Error('no profile')])
  })
})

describe('customHeaders of a donor', () => {
  const basic = (id: string, secret: string): string =>
    `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

  it.each([
    ['as they are', basic('client-1', 'a+b/c=')],
    ['form-encoded', basic('client-1', 'a%2Bb%2Fc%3D')],
  ])('with Basic credentials %s: are in the token request', async (_how, header) => {
    const options = { clientSecret: 'a+b/c=', customHeaders: { authorization: header, 'X-A': '1' } }
    const app = await start((callbackURL) => new Donor(scene.provider, { callbackURL, ...options }))
    await comeBack(app)
    const [sent] = scene.provider.requestsTo('/token')
    expect([app.errors, sent?.headers.authorization, sent?.headers['x-a']]).toEqual([
      [],
      header,
      '1',
    ])
    expect(formOf(sent).get('client_secret')).toBeNull()
  })
})

describe('requests of a donor’s client', () => {
  async function requestOf(...given: unknown[]): Promise<{ app: StartedApp; sent: unknown }> {
    class Own extends Donor {
      override userProfile(token: string, done: Done): void {
        const url = this.profileURL
        const [method, headers, body] = given
        const filled = JSON.parse(JSON.stringify(headers).replace('$TOKEN', token)) as object
        const end = (error: unknown): void => done(error, { id: '1' })
        this.client._request(...([method, url, filled, body, token, end] as never))
      }
    }
    const app = await start((callbackURL) => new Own(scene.provider, { callbackURL }))
    await comeBack(app)
    return { app, sent: scene.provider.requestsTo('/me')[0] }
  }

  it('keep a scheme of the provider’s own', async () => {
    const { app, sent } = await requestOf('GET', { Authorization: 'OAuth $TOKEN' }, '')
    expect(app.errors).toEqual([])
    expect(sent).toMatchObject({ headers: { authorization: expect.stringMatching(/^OAuth \S+$/) } })
  })

  it('send a body that is a Buffer', async () => {
    const { sent } = await requestOf('POST', {}, Buffer.from('fields=id'))
    expect(sent).toMatchObject({ method: 'POST', body: 'fields=id' })
  })

  it('are refused with another method, and not sent as GET', async () => {
    const { app, sent } = await requestOf('PUT', {}, 'x')
    expect(sent).toBeUndefined()
    expect(String(app.errors)).toContain('no PUT')
  })
})

describe('a donor with a getOAuthAccessToken of its own, and the name of one that is known', () => {
  it.each<[string, (url: string, form: string) => [string, object, string]]>([
    ['the parameter device_id', (url, form) => [url, {}, `${form}&device_id=1`]],
    ['the header X-Sig', (url, form) => [url, { 'X-Sig': '1' }, form]],
    ['another address', (url, form) => [`${url}?sig=1`, {}, form]],
  ])('is refused if it sends %s, which would be missing', async (what, change) => {
    class Own extends Donor {
      constructor(callbackURL: string) {
        super(scene.provider, { callbackURL })
        this.name = 'github'
        const { client } = this
        Object.assign(client, {
          getOAuthAccessToken(code: string, parameters: object, done: Done) {
            const form = new URLSearchParams({ ...parameters, code }).toString()
            const [url, headers, body] = change(scene.provider.tokenURL, form)
            const end = (error: unknown, data = ''): void => {
              if (error) done(error)
              else done(null, (JSON.parse(data) as { access_token: string }).access_token, 'r')
            }
            client._request(...(['POST', url, headers, body, null, end] as never))
          },
        })
      }
    }
    const app = await start((callbackURL) => new Own(callbackURL))
    await comeBack(app)
    expect(app.errors).toEqual([expect.any(Error)])
    expect((app.errors[0] as Error).message).toContain(what)
  })
})

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Request } from 'express'
import { adopt, authRouter } from '../../src/index.js'
import type { AdoptOptions, AuthorizationCodeStrategy } from '../../src/index.js'
import { startAdoptingApp } from '../support/adopting-app.js'
import { Donor } from '../support/donor.js'
import { Browser } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { formOf, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { json, tokenResponse } from '../support/scripted-provider.js'

type Done = (error?: unknown, user?: unknown, info?: unknown) => void

const scene = setScene()
const running: RunningServer[] = []
let browser: Browser

beforeEach(() => {
  browser = new Browser()
})
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
})

/** An application with an adopted strategy, in authRouter. */
async function start(
  make: (callbackURL: string) => Donor,
  options: AdoptOptions = {},
): Promise<{
  origin: string
  errors: unknown[]
  strategy: AuthorizationCodeStrategy
}> {
  const { made: strategy, ...app } = await startAdoptingApp((routes, origin) => {
    const adopted = adopt(make(`${origin}/auth/callback`), options)
    routes.use('/auth', authRouter(adopted, { onError: (error, _req, _res, next) => next(error) }))
    return adopted
  })
  running.push(app)
  return { ...app, strategy }
}

/** Logs in with a donor whose `verify` is this. */
async function logInWith(
  verify: unknown,
  options: object = {},
): Promise<Awaited<ReturnType<typeof start>>> {
  const app = await start(
    (callbackURL) => new Donor(scene.provider, { callbackURL, ...options }, verify),
  )
  await browser.follow(`${app.origin}/auth/login`)
  return app
}

describe('verify of a donor', () => {
  it.each<[string, object, (seen: (given: unknown[]) => void) => unknown]>([
    [
      'four arguments',
      {},
      (seen) => (a: unknown, b: unknown, profile: unknown, done: Done) => {
        seen([a, b, profile])
        done(null, { id: 'ada' })
      },
    ],
    [
      'five arguments',
      {},
      (seen) => (a: unknown, b: unknown, c: unknown, profile: unknown, done: Done) => {
        seen([a, b, c, profile])
        done(null, { id: 'ada' })
      },
    ],
    [
      'five arguments and passReqToCallback',
      { passReqToCallback: true },
      (seen) => (req: Request, a: unknown, b: unknown, profile: unknown, done: Done) => {
        seen([req.path, a, b, profile])
        done(null, { id: 'ada' })
      },
    ],
    [
      'six arguments and passReqToCallback',
      { passReqToCallback: true },
      (seen) =>
        (req: Request, a: unknown, b: unknown, c: unknown, profile: unknown, done: Done) => {
          seen([req.path, a, b, c, profile])
          done(null, { id: 'ada' })
        },
    ],
  ])('gets what passport-oauth2 passes to %s', async (_what, options, make) => {
    const sent = { ...tokenResponse(), team: { id: 'T1' }, id_token: 'not validated' }
    scene.provider.onToken(json(sent))
    let got: unknown[] = []
    const app = await logInWith(
      make((given) => (got = given)),
      options,
    )

    const { refresh_token: refreshToken, ...parameters } = sent as Record<string, unknown>
    const profile = expect.objectContaining({ provider: 'donor', id: 'ada' })
    const takesRequest = Object.keys(options).length > 0
    const takesParameters = got.length === (takesRequest ? 5 : 4)
    expect(got).toEqual([
      ...(takesRequest ? ['/callback'] : []),
      parameters['access_token'],
      refreshToken,
      ...(takesParameters ? [parameters] : []),
      profile,
    ])
    expect(app.errors).toEqual([])
    expect((await browser.visit(`${app.origin}/`)).text).toBe('{"id":"ada"}')
  })

  it.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'passes an error on',
      (_a: unknown, _b: unknown, _p: unknown, done: Done) => done(new Error('no')),
    ],
  ])('that %s ends the login with that error', async (_how, verify) => {
    const { errors, origin } = await logInWith(verify)
    expect(errors).toEqual([new Error('no')])
    expect((await browser.visit(`${origin}/`)).text).toBe('null')
  })

  it('refuses a login, and says why', async () => {
    const app = await start(
      (callbackURL) =>
        new Donor(
          scene.provider,
          { callbackURL },
          (_a: unknown, _b: unknown, _p: unknown, done: Done) =>
            done(null, false, { message: 'Your account is closed.' }),
        ),
    )
    const page = await browser.follow(`${app.origin}/auth/login`)
    expect([page.status, app.errors]).toEqual([403, []])
    expect(page.text).toContain('Your account is closed.')
  })

  it('counts once, however often it calls back', async () => {
    const { errors, origin } = await logInWith(
      (_a: unknown, _b: unknown, _p: unknown, done: Done) => {
        done(null, { id: 'first' })
        done(null, { id: 'second' })
        done(new Error('third'))
      },
    )
    expect(errors).toEqual([])
    expect((await browser.visit(`${origin}/`)).text).toBe('{"id":"first"}')
  })
})

describe('the hooks of a donor', () => {
  it.each<[string, unknown, number]>([
    ['true', true, 0],
    ['a function without parameters', () => true, 0],
    ['a function that calls back', (_token: string, done: Done) => done(null, true), 0],
    ['a function that does not skip', (_token: string, done: Done) => done(null, false), 1],
  ])('skip the profile: %s', async (_what, skipUserProfile, requests) => {
    let profile: unknown = 'none'
    await logInWith(
      (_a: unknown, _b: unknown, given: unknown, done: Done) => {
        profile = given
        done(null, { id: 'ada' })
      },
      { skipUserProfile },
    )
    expect(scene.provider.requestsTo('/me')).toHaveLength(requests)
    expect(profile === undefined).toBe(requests === 0)
  })

  it('send the token in a header, whatever they do to have it in the URL', async () => {
    class InQuery extends Donor {
      override userProfile(
        token: string,
        done: (error?: unknown, profile?: unknown) => void,
      ): void {
        this.client.setAccessTokenName('oauth_token')
        const url = `${scene.provider.profileURL}?token=${token}&fields=id`
        this.client._request(
          ...(['GET', url, {}, '', '', (error: unknown) => done(error, { id: '1' })] as never),
        )
      }
    }
    scene.provider.onToken(json(tokenResponse({ access_token: 'at-1' })))
    const app = await start((callbackURL) => new InQuery(scene.provider, { callbackURL }))
    await browser.follow(`${app.origin}/auth/login`)
    const [asked] = scene.provider.requestsTo('/me')
    expect([app.errors, asked?.query, asked?.headers.authorization]).toEqual([
      [],
      '?fields=id',
      'Bearer at-1',
    ])
  })

  it('that throw in a callback end the login, and not the process', async () => {
    scene.provider.onProfile((_request, response) => response.end('no JSON'))
    const app = await start((callbackURL) => new Donor(scene.provider, { callbackURL }))
    await browser.follow(`${app.origin}/auth/login`)
    expect(app.errors).toEqual([expect.any(SyntaxError)])
  })

  it('that never call back end the login when the time is up', async () => {
    class Silent extends Donor {
      override userProfile(): void {
        // Forgets to call back.
      }
    }
    const app = await start((callbackURL) => new Silent(scene.provider, { callbackURL }), {
      timeoutMs: 200,
    })
    await browser.follow(`${app.origin}/auth/login`)
    expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_PROFILE' })])
  })

  it('add parameters, as texts and without those that passport-oauth2 replaces', async () => {
    class Parameters extends Donor {
      override authorizationParams(options: object): object {
        return {
          ...options,
          state: 'mine',
          response_type: 'code id_token',
          offline: true,
          max: 3,
          fn: () => 1,
        }
      }
      override tokenParams(): object {
        return { audience: 'api', grant_type: 'mine' }
      }
    }
    const app = await start(
      (callbackURL) =>
        new Parameters(scene.provider, { callbackURL, scope: ['a', 'b'], scopeSeparator: ',' }),
    )
    const { request, callback } = await startLogin(browser, `${app.origin}/auth/login`)
    await browser.visit(callback)
    expect(app.errors).toEqual([])
    const { state, code_challenge, ...rest } = Object.fromEntries(request)
    expect([state, code_challenge]).toEqual([expect.any(String), expect.any(String)])
    expect(state).not.toBe('mine')
    expect(rest).toEqual({
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: `${app.origin}/auth/callback`,
      code_challenge_method: 'S256',
      scope: 'a,b',
      offline: 'true',
      max: '3',
    })
    const form = formOf(scene.provider.requestsTo('/token')[0])
    expect([form.get('audience'), form.get('grant_type'), form.get('client_secret')]).toEqual([
      'api',
      'authorization_code',
      'secret-1',
    ])
  })
})

describe('authenticate of a donor', () => {
  it('runs before passport-oauth2’s, with what it sets on itself and on its options', async () => {
    class Before extends Donor {
      seen = ''
      override authenticate(req: Request, options?: object): void {
        this.seen = 'set by authenticate'
        super.authenticate(req, { ...options, hint: req.query['hint'] })
      }
      override authorizationParams(options: { hint?: string }): object {
        return { hint: options.hint, seen: this.seen }
      }
    }
    const donor = (callbackURL: string): Donor => new Before(scene.provider, { callbackURL })
    const app = await start(donor)
    const { request, callback } = await startLogin(browser, `${app.origin}/auth/login?hint=ada`)
    expect([request.get('hint'), request.get('seen')]).toEqual(['ada', 'set by authenticate'])
    await browser.visit(callback)
    expect([app.errors, scene.provider.requestsTo('/token').length]).toEqual([[], 1])
  })

  it.each<[string, (this: Donor, req: Request) => unknown, number, unknown]>([
    [
      'refuses',
      function () {
        this.fail({ message: 'Not from here.' }, 403)
      },
      403,
      [],
    ],
    [
      'reports an error',
      function () {
        this.error(new Error('no'))
      },
      500,
      [new Error('no')],
    ],
    [
      'does something else',
      () => Promise.resolve(),
      500,
      [expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'donor' })],
    ],
  ])('that %s ends the login before a request is sent', async (_what, act, status, errors) => {
    class Own extends Donor {
      override authenticate(req: Request): void {
        void act.call(this, req)
      }
    }
    const app = await start((callbackURL) => new Own(scene.provider, { callbackURL }))
    const page = await browser.follow(`${app.origin}/auth/login`)
    expect([page.status, app.errors, scene.provider.requests]).toEqual([status, errors, []])
  })
})

describe('an adopted strategy', () => {
  it('reads tokens without a token_type, in a form without a content type', async () => {
    scene.provider.onToken((_request, response) => response.end('access_token=at-1&expires_in=60'))
    const app = await start((callbackURL) => new Donor(scene.provider, { callbackURL }))
    await browser.follow(`${app.origin}/auth/login`)
    expect([app.errors, scene.provider.requestsTo('/me')[0]?.headers.authorization]).toEqual([
      [],
      'Bearer at-1',
    ])
  })

  it('does not show the credentials in a log', async () => {
    const { strategy } = await start((callbackURL) => new Donor(scene.provider, { callbackURL }))
    const { inspect } = await import('node:util')
    expect(inspect(strategy, { depth: 9 })).not.toContain('secret-1')
  })
})

import { beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import type { RequestHandler } from 'express'
import {
  LoginRequiredError,
  MemoryGrants,
  requireLogin,
  StepUpRequiredError,
} from '../../src/index.js'
import type {
  AuthorizationCodeOptions,
  AuthorizationCodeStrategy,
  RequireLoginOptions,
} from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { bodyOf, sessionIdOf } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import type { OpenIdProvider } from '../support/openid-provider.js'
import { setScene } from '../support/scene.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const scene = setScene()
let provider: ScriptedProvider
let openId: OpenIdProvider
let browser: Browser
/** What the provider was asked for, login by login. */
let asked: URLSearchParams[]
/** Where the tokens are. */
let kept: () => Partial<AuthorizationCodeOptions>
/** What it says about the person who logs in. */
let granted: (request: URLSearchParams) => Readonly<Record<string, unknown>>

const now = (): number => Math.floor(Date.now() / 1000)

beforeEach(async () => {
  ;({ provider } = scene)
  openId = await speakOpenId(provider)
  browser = new Browser()
  asked = []
  granted = () => ({})
})

/** An app with a page that needs this, at a provider that answers as `granted` says. */
async function appWith(
  needs: Omit<RequireLoginOptions, 'strategy'>,
  routes?: (app: express.Express, strategy: AuthorizationCodeStrategy) => void,
): Promise<TestApp> {
  const app = await scene.start({
    strategy: { ...openId.options, scope: 'openid profile', ...kept() },
    routes: (own, strategy) => {
      const answer: RequestHandler = (req, res) => {
        res.json({ user: req.user })
      }
      own.all('/page', requireLogin({ strategy, loginPath: '/auth/login', ...needs }), answer)
      routes?.(own, strategy)
    },
  })
  return app
}

/** Follows redirects, and takes down what the provider is asked for. */
async function visit(url: string): ReturnType<Browser['visit']> {
  let page = await browser.visit(url)
  for (let hops = 0; page.location !== undefined && hops < 12; hops++) {
    if (page.location.startsWith(provider.authorizationURL)) {
      const request = new URL(page.location).searchParams
      asked.push(request)
      openId.claims = granted(request)
    }
    page = await browser.visit(page.location)
  }
  return page
}

async function whoIs({ origin }: TestApp): Promise<unknown> {
  return (bodyOf(await browser.visit(`${origin}/`))['user'] as { id?: string } | null)?.id
}

describe.each<[string, () => Partial<AuthorizationCodeOptions>]>([
  ['in the session', () => ({})],
  ['in a store', () => ({ grants: new MemoryGrants() })],
  ['in a store, for the account', () => ({ grants: new MemoryGrants(), grantLifetime: 'account' })],
])('with tokens %s', (_where, options) => {
  beforeEach(() => {
    kept = options
  })

  describe('requireLogin with acrValues and maxAgeSeconds', () => {
    it('sends a person to the provider for a stronger authentication, and back to the page', async () => {
      granted = (request) => ({ acr: request.get('acr_values') ?? 'weak' })
      const app = await appWith({ acrValues: ['mfa'] })
      await visit(app.loginURL)
      const page = await visit(`${app.origin}/page?tab=1`)

      expect(page.url).toBe(`${app.origin}/page?tab=1`)
      expect(bodyOf(page)).toMatchObject({ user: { id: 'ada' } })
      expect(asked.map((one) => one.get('acr_values'))).toEqual([null, 'mfa'])
      await visit(`${app.origin}/page`)
      expect(asked).toHaveLength(2)
      expect(app.errors).toEqual([])
    })

    it('asks again when the authentication has become too old, and not before', async () => {
      let age = 0
      granted = () => ({ auth_time: now() - age })
      const app = await appWith({ maxAgeSeconds: 300 })
      await visit(app.loginURL)
      expect((await visit(`${app.origin}/page`)).status).toBe(200)
      expect(asked).toHaveLength(1)

      age = 3600
      browser = new Browser()
      await visit(app.loginURL)
      age = 0
      expect((await visit(`${app.origin}/page`)).status).toBe(200)
      expect(asked.map((one) => one.get('max_age'))).toEqual([null, null, '300'])
    })

    it('ends on a page if the provider does not deliver, and the login goes on as it was', async () => {
      granted = () => ({ acr: 'weak' })
      const app = await appWith({ acrValues: ['mfa'] })
      await visit(app.loginURL)
      const session = sessionIdOf(browser, app.origin)
      const page = await visit(`${app.origin}/page`)

      expect(page.status).toBe(403)
      expect(asked).toHaveLength(2)
      expect(app.errors).toMatchObject([{ code: 'ERR_AUTHENTICATION_REQUIREMENTS' }])
      expect(await whoIs(app)).toBe('ada')
      expect(sessionIdOf(browser, app.origin)).toBe(session)
    })

    it('does not let another person replace the one who is logged in', async () => {
      granted = () => ({ acr: 'mfa', sub: openId.person })
      provider.onProfile((_request, response) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify({ sub: openId.person, name: openId.person }))
      })
      const app = await appWith({ acrValues: ['phishing-resistant'] })
      await visit(app.loginURL)
      openId.person = 'grace'
      granted = () => ({ acr: 'phishing-resistant', sub: 'grace' })
      const page = await visit(`${app.origin}/page`)

      expect(page.status).toBe(403)
      expect(app.errors).toMatchObject([{ code: 'ERR_ANOTHER_PERSON', status: 403 }])
      expect(await whoIs(app)).toBe('ada')
    })

    it('sends the application’s own data and hints along', async () => {
      granted = (request) => ({ acr: request.get('acr_values') ?? 'weak' })
      const app = await appWith({ acrValues: ['mfa'], loginHint: 'ada', prompt: 'login' })
      await visit(app.loginURL)
      await visit(`${app.origin}/page`)
      expect(Object.fromEntries(asked[1] ?? [])).toMatchObject({
        login_hint: 'ada',
        prompt: 'login',
      })
    })

    it('tells a script what is missing, as RFC 9470 does, and redirects nowhere', async () => {
      const app = await appWith({ acrValues: ['mfa'], maxAgeSeconds: 60, scope: 'files' })
      granted = () => ({ auth_time: now() - 3600 })
      await visit(app.loginURL)
      const answer = await browser.request(`${app.origin}/page`, {
        headers: { 'sec-fetch-mode': 'cors' },
      })
      expect(answer.status).toBe(401)
      expect(bodyOf(answer)).toMatchObject({
        error: 'insufficient_user_authentication',
        acrValues: ['mfa'],
        maxAgeSeconds: 60,
        loginPath: '/auth/login',
      })
      expect(answer.headers.get('www-authenticate')).toMatch(
        /^Bearer error="insufficient_user_authentication", (scope="files", )?acr_values="mfa", max_age="60"$/,
      )
    })

    it('sends whoever is not logged in to the login page first', async () => {
      const app = await appWith({ acrValues: ['mfa'] })
      const page = await browser.visit(`${app.origin}/page`)
      expect(page.headers.get('location')).toBe('/auth/login?return_to=%2Fpage')
    })

    it.each([{ prompt: 'none' }, { authorizationParameters: { prompt: 'none' } }])(
      'refuses %j, with which a person would go to the provider and back for ever',
      async (options) => {
        await expect(appWith({ scope: 'files', ...options })).rejects.toMatchObject({
          code: 'ERR_CONFIGURATION',
          option: Object.keys(options)[0],
        })
      },
    )

    it.each(['scope', 'acrValues', 'maxAgeSeconds', 'prompt', 'appState'])(
      'needs a strategy for %s',
      (name) => {
        const value = { acrValues: ['mfa'], maxAgeSeconds: 1 }[name] ?? 'text'
        expect(() => requireLogin({ [name]: value })).toThrow(
          expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'strategy' }),
        )
      },
    )
  })

  /** The provider grants what `scopeOf` makes of the request. */
  function grantScope(scopeOf: (wanted: string) => string): void {
    const tokens: string[] = []
    let wanted = ''
    provider.onAuthorize((parameters) => {
      wanted = parameters.get('scope') ?? ''
      return { code: 'code-of-ada', state: parameters.get('state') ?? '' }
    })
    provider.onToken((_request, response) => {
      const token = `access-${tokens.length + 1}`
      tokens.push(token)
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({
          access_token: token,
          token_type: 'Bearer',
          expires_in: 3600,
          refresh_token: `refresh-${tokens.length}`,
          scope: scopeOf(wanted),
        }),
      )
    })
  }

  describe('requireLogin with a scope', () => {
    async function appFor(needs: Omit<RequireLoginOptions, 'strategy'>): Promise<TestApp> {
      return scene.start({
        strategy: { scope: 'profile', ...kept() },
        routes: (own, strategy) => {
          own.get(
            '/page',
            requireLogin({ strategy, loginPath: '/auth/login', ...needs }),
            (_req, res) => {
              res.json({ ok: true })
            },
          )
          own.get('/other', requireLogin({ strategy, scope: 'mail' }), (_req, res) => {
            res.json({ ok: true })
          })
        },
      })
    }

    it('asks once for what is missing and for all that was granted before', async () => {
      grantScope((wanted) => wanted)
      const app = await appFor({ scope: ['profile', 'files'] })
      await visit(app.loginURL)
      expect((await visit(`${app.origin}/page`)).status).toBe(200)
      expect((await visit(`${app.origin}/other`)).status).toBe(200)
      expect((await visit(`${app.origin}/page`)).status).toBe(200)
      expect(asked.map((one) => one.get('scope'))).toEqual([
        'profile',
        'profile files',
        'profile files mail',
      ])
    })

    it('knows what was granted if the provider does not say so', async () => {
      const app = await appFor({ scope: 'files' })
      await visit(app.loginURL)
      expect((await visit(`${app.origin}/page`)).status).toBe(200)
      expect((await visit(`${app.origin}/page`)).status).toBe(200)
      expect(asked).toHaveLength(2)
    })

    it('does not go round in circles: the typed error says what is missing', async () => {
      grantScope(() => 'profile')
      const app = await appFor({ scope: 'files' })
      await visit(app.loginURL)
      expect((await visit(`${app.origin}/page`)).status).toBe(403)
      expect((await visit(`${app.origin}/page`)).status).toBe(403)
      expect(asked).toHaveLength(2)
      expect(app.errors).toEqual([expect.any(StepUpRequiredError), expect.any(StepUpRequiredError)])
      expect(app.errors[0]).toMatchObject({ scope: ['files'], status: 403 })
      expect(await whoIs(app)).toBe('ada')
    })

    it('leaves the person as they were if they say no', async () => {
      grantScope((wanted) => wanted)
      const app = await appFor({ scope: 'files' })
      await visit(app.loginURL)
      provider.onAuthorize((parameters) => ({
        error: 'access_denied',
        state: parameters.get('state') ?? '',
      }))
      const page = await visit(`${app.origin}/page`)
      expect(page.status).toBe(403)
      expect(page.text).toContain('You are still logged in.')
      expect(page.text).not.toContain('You are not logged in')
      expect(page.text).toContain('href="/page"')
      expect(await whoIs(app)).toBe('ada')
    })

    it('answers a script with 403 and the scope', async () => {
      grantScope(() => 'profile')
      const app = await appFor({ scope: 'files' })
      await visit(app.loginURL)
      const answer = await browser.request(`${app.origin}/page`)
      expect(answer.status).toBe(403)
      expect(answer.headers.get('www-authenticate')).toBe(
        'Bearer error="insufficient_scope", scope="files"',
      )
      expect(bodyOf(answer)).toEqual({
        error: 'insufficient_scope',
        scope: 'files',
        loginPath: '/auth/login',
      })
    })
  })

  describe('fetch, when an API wants more', () => {
    let api: RunningServer
    let challenge: string | undefined
    let status: number

    beforeEach(() => {
      status = 401
      challenge =
        'Bearer error="insufficient_user_authentication", acr_values="mfa gold", max_age="60"'
    })

    async function appOfApi(): Promise<TestApp> {
      const handler = express().get('/', (_req, res) => {
        if (challenge === undefined) res.json({ ok: true })
        else res.status(status).set('WWW-Authenticate', challenge).json({ why: 'too weak' })
      })
      api = await listen(handler)
      return scene.start({
        strategy: { ...openId.options, scope: 'openid profile', ...kept() },
        routes: (own, strategy) => {
          own.get('/report', async (req, res, next) => {
            try {
              res.json(await (await strategy.fetch(req, api.origin)).json())
            } catch (error) {
              const helps =
                error instanceof LoginRequiredError || error instanceof StepUpRequiredError
              if (helps) strategy.startLogin(req, res, error).catch(next)
              else next(error)
            }
          })
          own.get('/silent', (req, res, next) => {
            strategy
              .fetch(req, api.origin)
              .catch((error: unknown) =>
                strategy.startLogin(req, res, error as StepUpRequiredError, { prompt: 'none' }),
              )
              .catch(next)
          })
          own.get('/failure', async (req, res) => {
            try {
              await strategy.fetch(req, api.origin)
            } catch (error) {
              if (!(error instanceof StepUpRequiredError)) throw error
              const { scope, acrValues, maxAgeSeconds, response } = error
              const body: unknown = await response?.json()
              res.json({
                scope,
                acrValues,
                maxAgeSeconds,
                status: response?.status,
                body,
                text: JSON.stringify(error),
              })
            }
          })
        },
      })
    }

    it('does not go to the provider silently, which would bring the person back without it', async () => {
      const app = await appOfApi()
      await visit(app.loginURL)
      expect((await visit(`${app.origin}/silent`)).status).toBe(500)
      expect(String(app.errors[0])).toContain('A login for more cannot be silent')
    })

    it('throws an error that says what, with the answer in it but in no log', async () => {
      const app = await appOfApi()
      await visit(app.loginURL)
      const said = bodyOf(await browser.visit(`${app.origin}/failure`))
      await api.close()
      expect(said).toMatchObject({
        acrValues: ['mfa', 'gold'],
        maxAgeSeconds: 60,
        status: 401,
        body: { why: 'too weak' },
      })
      expect(said['text']).not.toContain('too weak')
      expect(provider.requestsTo('/token')).toHaveLength(1)
    })

    it('lets startLogin take that error, and the person comes back to the same page', async () => {
      const app = await appOfApi()
      await visit(app.loginURL)
      granted = (request) => {
        challenge = undefined
        return { acr: (request.get('acr_values') ?? '').split(' ')[0], auth_time: now() }
      }
      const page = await visit(`${app.origin}/report?year=2026`)
      await api.close()
      expect(page.url).toBe(`${app.origin}/report?year=2026`)
      expect(bodyOf(page)).toEqual({ ok: true })
      expect(Object.fromEntries(asked[1] ?? [])).toMatchObject({
        acr_values: 'mfa gold',
        max_age: '60',
      })
    })

    it('does not go round in circles if the API is never content', async () => {
      const app = await appOfApi()
      await visit(app.loginURL)
      granted = () => ({ acr: 'mfa', auth_time: now() })
      const page = await visit(`${app.origin}/report`)
      await api.close()
      expect(page.status).toBe(403)
      expect(asked).toHaveLength(2)
      expect(app.errors).toEqual([expect.any(StepUpRequiredError)])
    })

    it('reads insufficient_scope of RFC 6750, and asks for the union', async () => {
      status = 403
      challenge = 'Bearer realm="x", error="insufficient_scope", scope="files.read files.write"'
      const app = await appOfApi()
      await visit(app.loginURL)
      granted = () => {
        challenge = undefined
        return {}
      }
      expect((await visit(`${app.origin}/report`)).status).toBe(200)
      await api.close()
      expect(asked[1]?.get('scope')).toBe('openid profile files.read files.write')
    })

    it('asks the person to log in again if the API does not say how', async () => {
      challenge = 'Bearer error="insufficient_user_authentication"'
      const app = await appOfApi()
      await visit(app.loginURL)
      expect((await visit(`${app.origin}/report`)).status).toBe(403)
      await api.close()
      expect(asked.map((one) => one.get('prompt'))).toEqual([null, 'login'])
    })

    it('asks for nothing if the API wants a scope and does not say which', async () => {
      status = 403
      challenge = 'Bearer error="insufficient_scope"'
      const app = await appOfApi()
      await visit(app.loginURL)
      expect((await visit(`${app.origin}/report`)).status).toBe(403)
      await api.close()
      expect(asked).toHaveLength(1)
    })

    it('sends somebody who is not logged in to log in, by the same handler', async () => {
      challenge = undefined
      const app = await appOfApi()
      const page = await visit(`${app.origin}/report`)
      await api.close()
      expect(page.url).toBe(`${app.origin}/report`)
      expect(bodyOf(page)).toEqual({ ok: true })
    })
  })
})

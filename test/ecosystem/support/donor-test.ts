import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import express from 'express'
import type { Express } from 'express'
import session from 'express-session'
import passport from 'passport'
import { adopt } from 'passport-authorization-code'
import type {
  AdoptOptions,
  AuthorizationCodeStrategy,
  DonorStrategy,
} from 'passport-authorization-code'
import { advanceClock } from '../../support/clock.js'
import { Browser, listen } from '../../support/http.js'
import type { RunningServer } from '../../support/http.js'
import { startProvider } from './provider.js'
import type { EcosystemProvider, ProviderAnswers, ProviderRequest } from './provider.js'

/** A strategy's class. Each package has types of its own, or none. */
type StrategyClass = new (options: object, ...verify: readonly unknown[]) => DonorStrategy

/** What a package exports. */
export type Package = StrategyClass & { readonly Strategy: StrategyClass }

/** What an application of a package's README starts from. */
export interface ReadmeApp {
  readonly app: Express
  readonly passport: typeof passport
  /** The application's address, in place of the README's. */
  readonly origin: string
  readonly provider: EcosystemProvider
  /** Loads a package of the folder `test/ecosystem/adopt`. */
  readonly load: (name: string) => Package
  /** `adopt`, with the addresses of the provider leading to the test. */
  adopt(donor: DonorStrategy, options?: AdoptOptions): AuthorizationCodeStrategy
  /** The model of the READMEs: finds the user with these fields, or makes one. */
  readonly User: {
    findOrCreate(fields: object, done: (error: unknown, user?: object) => void): void
  }
}

/** One package, its application, and its provider as the provider documents itself. */
export interface DonorTest {
  /** The application of the package's README. */
  readonly application: (given: ReadmeApp) => AuthorizationCodeStrategy
  readonly loginPath: string
  /** The query of the login route. */
  readonly loginQuery?: string
  /** Where the browser is sent after the login. @default '/' */
  readonly home?: string
  readonly callbackPath: string
  /** How the callback comes. @default 'query' */
  readonly responseMode?: 'query' | 'form_post'
  /** Parameters that come with the callback beside `code` and `state`. */
  readonly callbackParameters?: Readonly<Record<string, string>>
  /** The provider's answers. Each has the page of its documentation in a comment. */
  readonly provider: ProviderAnswers
  /** The authorization endpoint, and parameters that a request has. */
  readonly authorization: {
    readonly url: string
    readonly parameters: Readonly<Record<string, string>>
  }
  /** Whether the authorization request has a PKCE challenge. @default true */
  readonly pkce?: boolean
  /** `req.user` after the login. */
  readonly user: object
  /** What the provider is asked during the login, in order. */
  readonly requests: readonly string[]
  /** Looks at the requests of the login. */
  readonly check?: (requests: readonly ProviderRequest[]) => void
  /** The access token of the login. */
  readonly accessToken: string
  /**
   * The lifetime of the access token in **seconds**, if the provider says one, and the refreshed token; left out if the provider
   * has no refresh tokens.
   */
  readonly refresh?: {
    readonly seconds?: number
    readonly accessToken: string
    readonly url: string
  }
  /** Further tests, with the application running. */
  readonly further?: (scene: () => RunningDonor) => void
}

/** An application that runs, and the provider that it uses. */
export interface RunningDonor {
  readonly server: RunningServer
  readonly provider: EcosystemProvider
  readonly browser: Browser
  readonly errors: unknown[]
  readonly logIn: (parameters?: Readonly<Record<string, string>>) => ReturnType<Browser['visit']>
}

/** Packages have their own folder, with old versions of what the application uses. */
const load = createRequire(new URL('../adopt/package.json', import.meta.url))

/** Tries a package: a login, its user, one refresh for several requests, and a logout. */
export function tryDonor(name: string, donor: DonorTest): void {
  let running: RunningDonor

  beforeEach(async () => (running = await start(donor)))
  afterEach(async () => {
    jest.restoreAllMocks()
    await running.server.close()
    await running.provider.close()
  })

  describe(name, () => {
    it('logs a person in, keeps the token fresh, and logs them out', async () => {
      const { server, provider, browser, errors } = running
      const started = await browser.visit(
        server.origin + donor.loginPath + (donor.loginQuery ?? ''),
      )
      expect(errors).toEqual([])
      const asked = new URL(started.location ?? '')
      expect(asked.origin + asked.pathname).toBe(donor.authorization.url)
      expect(Object.fromEntries(asked.searchParams)).toMatchObject({
        response_type: 'code',
        redirect_uri: server.origin + donor.callbackPath,
        ...donor.authorization.parameters,
      })
      expect(asked.searchParams.has('code_challenge')).toBe(donor.pkce !== false)

      const page = await running.logIn()
      expect([errors, page.status, page.location]).toEqual([
        [],
        302,
        server.origin + (donor.home ?? '/'),
      ])
      expect(provider.requests.map(({ to }) => to)).toEqual(donor.requests)
      expect(provider.requests.map(({ query }) => query.toString()).join()).not.toContain(
        donor.accessToken,
      )
      expect(provider.requests[0]?.form.has('code_verifier')).toBe(donor.pkce !== false)
      donor.check?.(provider.requests)
      expect(JSON.parse((await browser.visit(`${server.origin}/`)).text)).toEqual(donor.user)
      expect(await tokens(running)).toEqual([donor.accessToken, donor.accessToken])

      if (donor.refresh !== undefined) {
        const { seconds } = donor.refresh
        if (seconds !== undefined) advanceClock(seconds + 1)
        // Without a lifetime, an API refuses the token.
        const refused =
          seconds === undefined ? `?refused=${encodeURIComponent(donor.accessToken)}` : ''
        expect(await tokens(running, refused)).toEqual([
          donor.refresh.accessToken,
          donor.refresh.accessToken,
        ])
        const refreshes = provider.requests.slice(donor.requests.length)
        expect(refreshes.map(({ to }) => to)).toEqual([`POST ${donor.refresh.url}`])
        expect(refreshes[0]?.form.get('grant_type')).toBe('refresh_token')
      }

      await browser.post(`${server.origin}/logout`)
      expect((await browser.visit(`${server.origin}/`)).text).toBe('null')
      expect(await tokens(running)).toEqual(['ERR_LOGIN_REQUIRED', 'ERR_LOGIN_REQUIRED'])
    })

    donor.further?.(() => running)
  })
}

/** The access token that two requests at once are given, or the code of their error. */
async function tokens({ browser, server }: RunningDonor, query = ''): Promise<readonly string[]> {
  const both = [1, 2].map(() => browser.visit(`${server.origin}/token${query}`))
  return (await Promise.all(both)).map(({ text }) => text)
}

async function start(donor: DonorTest): Promise<RunningDonor> {
  const provider = await startProvider(donor.provider)
  const app = express()
  const server = await listen(app)
  const errors: unknown[] = []
  app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false }))
  app.use(express.urlencoded({ extended: false }))
  app.use(passport.session())
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((user: Express.User, done) => done(null, user))

  const strategy = donor.application({
    app,
    passport,
    origin: server.origin,
    provider,
    load: (name) => load(name) as Package,
    adopt: (given, options) => adopt(given, { dispatcher: provider.dispatcher, ...options }),
    User: { findOrCreate: (fields, done) => done(null, fields) },
  })
  app.get('/', (req, res) => res.json(req.user ?? null))
  app.get('/token', (req, res) => {
    const { refused } = req.query as { readonly refused?: string }
    strategy.accessToken(req, { refused }).then(
      (token) => res.send(token),
      (error: unknown) => res.send(String((error as { readonly code?: unknown }).code)),
    )
  })
  app.post('/logout', (req, res, next) => {
    strategy.logOut(req).then(() => res.redirect(303, '/'), next)
  })
  app.use(((error, _req, res, _next) => {
    errors.push(error)
    res.status(500).end()
  }) satisfies express.ErrorRequestHandler)

  const browser = new Browser()
  return {
    server,
    provider,
    browser,
    errors,
    async logIn(parameters = { code: 'the-code' }) {
      const { location } = await browser.visit(server.origin + donor.loginPath)
      const asked = new URL(location ?? '').searchParams
      provider.nonce ??= asked.get('nonce') ?? undefined
      const state = asked.get('state') ?? ''
      const response = { ...parameters, ...donor.callbackParameters, state }
      const callback = server.origin + donor.callbackPath
      return donor.responseMode === 'form_post'
        ? browser.request(callback, { method: 'POST', body: new URLSearchParams(response) })
        : browser.visit(`${callback}?${new URLSearchParams(response).toString()}`)
    },
  }
}

import type { IncomingMessage } from 'node:http'
import express from 'express'
import type { Store } from 'express-session'
import type { Page } from 'playwright-core'
import { AuthorizationCodeStrategy } from '../../../src/index.js'
import type {
  AuthorizationCodeOptions,
  AuthRouterOptions,
  DiagnosticEvent,
  Verify,
} from '../../../src/index.js'
import type { Person } from '../../support/chromium.js'
import { hearEvents } from '../../support/hear-events.js'
import { listen } from '../../support/http.js'
import { furnish } from './stage-app.js'

/** What differs from the application of the README. */
export interface StageOptions {
  readonly strategy?: Partial<AuthorizationCodeOptions>
  readonly router?: AuthRouterOptions
  readonly verify?: Verify
  readonly store?: Store
  /** A second provider, which people connect under `/bank`. */
  readonly bank?: Partial<AuthorizationCodeOptions>
}

/** How an API refuses a request. */
export interface Refusal {
  readonly status: number
  /** What its `WWW-Authenticate` says after the scheme. */
  readonly challenge: string
}

/** An application, and somebody before it with a browser. */
export interface Stage {
  /** Where the browser sees the application: on another site than the provider. */
  readonly url: string
  readonly strategy: AuthorizationCodeStrategy
  readonly page: Page
  readonly person: Person
  /** Opens a page of the application, and follows wherever that leads. */
  readonly visit: (path: string) => Promise<void>
  /** Opens a page of another site. */
  readonly visitOtherSite: (content: string) => Promise<void>
  /** Clicks on a link or a button of the page. */
  readonly click: (text: string) => Promise<void>
  /** Lets the API that the page `/api` calls refuse the next requests, in this order. */
  readonly refuseAtApi: (...all: readonly Refusal[]) => void
  /** Does something when the browser comes back from the provider for the first time, before the application sees it. */
  readonly onReturn: (work: (request: IncomingMessage) => unknown) => void
  /** Forgets what was seen until now. */
  readonly begin: () => void
  /** What was to be seen since. */
  readonly seen: () => Promise<Seen>
  readonly close: () => Promise<void>
}

/** What everybody has seen, in the words of the guide. */
export interface Seen {
  /** The status and the heading of the page that the browser shows. */
  readonly person: string
  /** The codes of the errors that `onError` or the application's own error handler got. */
  readonly developer: string
  /** The steps that were over, each with how. */
  readonly log: string
}

/** The name of the strategy whose steps count. */
const NAME = 'company'
const DASH = '–'

/** The client's account at a provider, as options of the strategy. */
export type Account = Partial<AuthorizationCodeOptions> & { readonly clientID: string }

/**
 * Starts an application.
 *
 * @param register registers it at a provider, by its address
 */
export async function setStage(
  register: (url: string) => Account | Promise<Account>,
  person: Person,
  options: StageOptions = {},
): Promise<Stage> {
  const app = express()
  const server = await listen(app)
  const url = server.origin.replace('127.0.0.1', 'localhost')
  let otherSite = ''
  const refusals: Refusal[] = []
  const other = await listen((req, res) => {
    const refusal = req.url === '/api' ? refusals.shift() : undefined
    if (refusal !== undefined) {
      res.statusCode = refusal.status
      res.setHeader('www-authenticate', `Bearer ${refusal.challenge}`)
    }
    res.setHeader('content-type', 'text/html').end(otherSite)
  })
  const errors: string[] = []
  const account = await register(url)
  let atReturn: ((request: IncomingMessage) => unknown) | undefined
  app.use('/auth/callback', (req, _res, next) => {
    const work = atReturn
    atReturn = undefined
    Promise.resolve(work?.(req)).then(() => next(), next)
  })
  const strategy = strategyAt(url, { ...account, ...options.strategy } as Account, options.verify)
  furnish(app, { strategy, url, errors, account, options, apiURL: `${other.origin}/api` })

  const { page } = person
  let status = 0
  page.on('response', (response) => {
    const isPage = response.request().isNavigationRequest() && response.frame() === page.mainFrame()
    if (isPage) status = response.status()
  })
  const events: DiagnosticEvent[] = []
  const stopHearing = hearEvents((event) => events.push(event))

  return {
    url,
    strategy,
    page,
    person,
    async visit(path) {
      await page.goto(path.startsWith('/') ? url + path : path)
    },
    async click(text) {
      await Promise.all([
        page.waitForEvent('framenavigated'),
        page.getByText(text, { exact: true }).click(),
      ])
      await page.waitForLoadState()
    },
    refuseAtApi(...all) {
      refusals.push(...all)
    },
    onReturn(work) {
      atReturn = work
    },
    begin() {
      errors.length = 0
      events.length = 0
    },
    async seen() {
      await strategy.idle({ timeoutMs: 5_000 })
      return {
        person: [url, other.origin].some((origin) => page.url().startsWith(origin))
          ? `\`${status}\` ${await page.locator('h1').innerText()}`
          : `\`${status}\` The provider’s own page`,
        developer: errors.map((code) => `\`${code}\``).join(', ') || DASH,
        log: inWords(events),
      }
    },
    async visitOtherSite(content) {
      otherSite = `<!doctype html><h1>Another site</h1>${content}`
      await page.goto(other.origin)
    },
    async close() {
      stopHearing()
      await server.close()
      await other.close()
    },
  }
}

function strategyAt(url: string, options: Account, verify?: Verify): AuthorizationCodeStrategy {
  const given = { scope: 'openid profile', ...options, name: NAME } as AuthorizationCodeOptions
  return new AuthorizationCodeStrategy(
    {
      ...given,
      callbackURL: `${url}/auth/callback`,
      postLogoutRedirectURL: given.endSessionURL && `${url}/auth/logged-out`,
    },
    verify,
  )
}

/** The steps, each once: `login` ok, `callback` refused `access_denied`. */
function inWords(events: readonly DiagnosticEvent[]): string {
  const words = events
    .filter(({ strategy }) => strategy === NAME)
    .map(({ step, outcome, reason }) => {
      const why = reason === undefined ? '' : ` \`${reason}\``
      return outcome === 'ok' ? `\`${step}\`${why}` : `\`${step}\` ${outcome}${why}`
    })
  return [...new Set(words)].join(', ') || DASH
}

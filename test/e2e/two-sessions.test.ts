import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { authRouter, AuthorizationCodeStrategy, cookiePendingLogins } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { asked, bodyOf, logInAs, logInWhomTheCodeNames, ONE_LOGIN } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { setScene } from '../support/scene.js'
import { startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const scene = setScene()
let bank: ScriptedProvider
let app: TestApp
let store: RecordingStore
let victim: Browser
let attacker: Browser

const NAME = 'connect.sid'
const REFUSED = [403, { code: 'ERR_TWO_SESSIONS' }]

beforeAll(async () => {
  bank = await startScriptedProvider()
})
beforeEach(() => bank.reset())
afterAll(() => bank.close())

async function start(options: Partial<AuthorizationCodeOptions> = {}): Promise<void> {
  store = new RecordingStore()
  app = await scene.start({
    store,
    routes: (express, _strategy, origin) => {
      const { authorizationURL, tokenURL, profileURL } = bank
      const calendar = new AuthorizationCodeStrategy({
        name: 'calendar',
        authorizationURL,
        tokenURL,
        profileURL,
        clientID: 'client-2',
        clientSecret: 'secret-2',
        callbackURL: `${origin}/calendar/callback`,
        ...options,
      })
      express.use(
        '/calendar',
        authRouter(calendar, { connect: true, onError: (error, _q, _s, next) => next(error) }),
      )
      express.get('/has-calendar', async (req, res) => {
        res.json({ has: (await calendar.tokens(req)) !== undefined })
      })
    },
  })
  victim = new Browser()
  attacker = new Browser()
  logInWhomTheCodeNames(scene.provider)
  await logInAs('victim', victim, app.loginURL)
  await logInAs('attacker', attacker, app.loginURL)
}

/** A request of the victim, with these cookies in front of or behind all others. */
function send(
  url: string,
  before: readonly string[],
  after: readonly string[] = [],
): Promise<Page> {
  const own = [...victim.cookies(app.origin)].map((pair) => pair.join('='))
  return new Browser().request(url, {
    headers: {
      cookie: [...before, ...own, ...after].join('; '),
      'sec-fetch-site': 'same-origin',
    },
  })
}

const valueOf = (browser: Browser): string => browser.cookies(app.origin).get(NAME) ?? ''

async function hasCalendar(browser: Browser): Promise<unknown> {
  return bodyOf(await browser.visit(`${app.origin}/has-calendar`))['has']
}

describe('a session cookie that somebody has planted', () => {
  it.each<[string, (value: string) => string]>([
    ['as it is', (value) => `${NAME}=${value}`],
    ['in quotes', (value) => `${NAME}="${value}"`],
    ['without percent-encoding', (value) => `${NAME}=${decodeURIComponent(value)}`],
    ['with more of it', (value) => `${NAME}=${value.replace('s', '%73')}`],
  ])(
    'cannot be used to connect a provider to their session: %s [connect-2]',
    async (_how, line) => {
      await start()
      const planted = line(valueOf(attacker))
      for (const page of [
        await send(`${app.origin}/calendar/login`, [planted]),
        await send(`${app.origin}/calendar/login`, [], [planted]),
      ]) {
        expect([page.status, bodyOf(page)]).toEqual(REFUSED)
      }
      expect(await hasCalendar(attacker)).toBe(false)
      expect(asked(bank)).toEqual([])
    },
  )

  it.each<[string, Partial<AuthorizationCodeOptions>]>([
    ['the session', {}],
    ['cookies', { pendingLogins: cookiePendingLogins({ secret: 'x'.repeat(32) }) }],
  ])(
    'cannot be used to finish a connection, which the person can finish without it: %s [connect-3]',
    async (_where, options) => {
      await start(options)
      const { location: provider = '' } = await victim.visit(`${app.origin}/calendar/login`)
      const { location: callback = '' } = await victim.visit(provider)
      const page = await send(callback, [`${NAME}=${valueOf(attacker)}`])
      expect([page.status, bodyOf(page)]).toEqual(REFUSED)
      expect(asked(bank)).toEqual([])

      expect((await victim.visit(callback)).status).toBe(302)
      expect([await hasCalendar(victim), await hasCalendar(attacker)]).toEqual([true, false])
      expect(asked(bank)).toEqual(ONE_LOGIN)
    },
  )

  it('is not looked up in the store if its id is none that express-session makes', async () => {
    await start()
    const page = await send(`${app.origin}/calendar/login`, [], [`${NAME}=s%3A..%2F..%2Fetc.sig`])
    expect([page.status, bodyOf(page)]).toEqual(REFUSED)
  })
})

describe('a second cookie that is no second session', () => {
  it.each<[string, () => string]>([
    ['the same cookie again', () => `${NAME}=${valueOf(victim)}`],
    ['the session cookie of another application', () => `${NAME}=s%3Aelsewhere.signature`],
    ['text that is no session cookie', () => `${NAME}=1; ${NAME}; =; ${NAME}=%`],
    ['another session under another name', () => `other.sid=${valueOf(attacker)}`],
    ['another cookie that comes twice', () => 'theme=dark; theme=light'],
  ])('is no reason to refuse: %s', async (_what, line) => {
    await start()
    const page = await send(`${app.origin}/calendar/login`, [], [line()])
    expect(page.location).toContain(bank.authorizationURL)
  })

  it('left over from a session that has ended is no reason to refuse', async () => {
    await start()
    const left = `${NAME}=${valueOf(attacker)}`
    await attacker.post(`${app.origin}/auth/logout`)
    const page = await send(`${app.origin}/calendar/login`, [], [left])
    expect(page.location).toContain(bank.authorizationURL)
  })
})

it('express-session uses the first of two cookies, which is what makes planting one dangerous', async () => {
  await start()
  const page = await send(`${app.origin}/`, [`${NAME}=${valueOf(attacker)}`])
  expect(bodyOf(page)['user']).toMatchObject({ id: 'attacker' })
})

import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import session, { MemoryStore } from 'express-session'
import { Passport } from 'passport'
import { connectResources } from '../../src/connect.js'
import type { Connections, ConnectOptions } from '../../src/connect.js'
import { ConnectionRequiredError, MemoryGrants } from '../../src/index.js'
import type { Grants } from '../../src/index.js'
import { hiddenFieldsIn } from './hidden-fields.js'
import { Browser, listen } from './http.js'
import type { Page, RunningServer } from './http.js'

/** An application whose people connect resources by address. */
export interface ConnectingApp extends RunningServer {
  readonly connections: Connections
  readonly grants: Grants
  /** What reached the application's own error handler, oldest first. */
  readonly errors: unknown[]
  /** A browser in which this person is logged in. */
  logIn(person: string): Promise<Browser>
  /** Opens the page that asks. */
  ask(browser: Browser, address: string): Promise<Page>
  /** Presses the button of that page. */
  press(browser: Browser, page: Page, fields?: Readonly<Record<string, string>>): Promise<Page>
  /** Goes through the page that asks and the authorization server: to where that ends, before the application's own page. */
  connect(browser: Browser, address: string): Promise<Page>
}

/** What a browser sends when a person opens an address. */
export const VISIT = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }

/** Starts a {@link ConnectingApp}. Whoever a person says they are, they are. */
export async function startConnectingApp(
  options: Partial<Omit<ConnectOptions, 'grants'>> & { readonly grants?: Grants } = {},
): Promise<ConnectingApp> {
  const app = express()
  const server = await listen(app)
  const { origin } = server
  const errors: unknown[] = []
  const grants = options.grants ?? new MemoryGrants()
  const passport = new Passport()
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id))
  passport.deserializeUser((id, done) => done(null, { id: String(id) }))
  app.use(
    session({
      secret: 'a test',
      resave: false,
      saveUninitialized: false,
      store: new MemoryStore(),
    }),
  )
  app.use(passport.session())
  app.get('/log-in', (req, res, next) => {
    const id = new URL(req.originalUrl, origin).searchParams.get('as')
    req.logIn({ id }, (error) => (error ? next(error) : res.send('in')))
  })
  app.get('/who', (req, res) => res.json(req.user ?? null))
  const connections = connectResources({
    callbackURL: `${origin}/connect/callback`,
    client: { client_name: 'A test' },
    dangerouslyAllowPrivateNetwork: true,
    ...options,
    grants,
  })
  app.use('/connect', connections.router)
  app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    errors.push(error)
    if (res.headersSent) next(error)
    else res.status((error as { status?: number }).status ?? 500).send(String(error))
  })

  const connectURL = (address: string): string =>
    `${origin}/connect/login?${new URLSearchParams({ resource: address }).toString()}`

  const running: ConnectingApp = {
    ...server,
    connections,
    grants,
    errors,

    async logIn(person) {
      const browser = new Browser()
      await browser.request(`${origin}/log-in?as=${person}`)
      return browser
    },

    ask: (browser, address) => browser.request(connectURL(address), { headers: VISIT }),

    press: (browser, page, fields = hiddenFieldsIn(page.text)) =>
      browser.post(page.url, fields, { origin }),

    async connect(browser, address) {
      const page = await running.ask(browser, address)
      if (page.status !== 200) return page
      const asked = await running.press(browser, page)
      if (asked.location === undefined) return asked
      const allowed = await browser.request(asked.location)
      return allowed.location === undefined ? allowed : browser.request(allowed.location)
    },
  }
  return running
}

/** The error of a call that needs the person. */
export async function requiredBy(call: Promise<unknown>): Promise<ConnectionRequiredError> {
  const error = await call.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  if (error instanceof ConnectionRequiredError) return error
  throw new Error('The call did not need the person.', { cause: error })
}

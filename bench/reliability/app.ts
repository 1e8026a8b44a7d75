import { subscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter } from '../../src/index.js'
import type { DefaultUser, DiagnosticEvent, Grants } from '../../src/index.js'
import { openPlace } from './grant-place.js'
import type { PlaceOptions } from './grant-place.js'
import { PROCESS_HEADER } from './provider.js'

/** What a process of the application is told on its command line. */
export interface AppOptions extends PlaceOptions {
  /** Its name; a process that replaces it has another. */
  readonly process: string
  /** Whether the tokens end with the login, or survive logging out. */
  readonly lifetime: 'login' | 'account'
  readonly providerOrigin: string
  /** How long the provider may take, in milliseconds. */
  readonly timeoutMs: number
  /** How long a graceful stop may take, in milliseconds. */
  readonly graceMs: number
}

/** What a process of the application tells whoever has started it. */
export type AppMessage =
  | { /** Where it listens. */ readonly origin: string }
  | {
      /** The access token of a write that the store has acknowledged, and when. */ readonly kept: string
      readonly at: number
    }
  | { /** What its diagnostics say. */ readonly step: string }
  | {
      /** How many refreshes were still under way when it had to end. */ readonly unfinished: number
    }

/** What a page of the application says. */
export interface AppAnswer {
  /** Whom the session belongs to. */
  readonly user?: string
  /** Whom the API took the access token for, and of which grant it is. */
  readonly sub?: string
  readonly grant?: string
  /** The application's own count in the session. */
  readonly visits?: number
  /** What went wrong. */
  readonly code?: string
}

declare module 'express-session' {
  interface SessionData {
    visits?: number
  }
}

function tell(message: AppMessage): void {
  process.send?.(message)
}

function tellKept(accessToken: string): void {
  tell({ kept: accessToken, at: Date.now() })
}

async function runApp(options: AppOptions): Promise<void> {
  subscribe('passport-authorization-code', (message) => {
    const { step, outcome, reason = '' } = message as DiagnosticEvent
    tell({ step: `${step} ${outcome} ${reason}`.trim() })
  })
  const { grants, sessions } = await openPlace(options, tellKept)
  const strategy = createStrategy(options, grants)
  const app = createApp(options, strategy, sessions)
  let isStopping = false
  const server = createServer((request, response) => {
    if (isStopping) response.setHeader('Connection', 'close')
    app(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.once('SIGTERM', () => {
    isStopping = true
    void stop(server, strategy, options.graceMs)
  })
  tell({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

/** As the guide to a graceful stop has it. */
async function stop(
  server: Server,
  strategy: AuthorizationCodeStrategy,
  graceMs: number,
): Promise<void> {
  const timers = [
    setTimeout(() => server.closeAllConnections(), graceMs),
    setInterval(() => server.closeIdleConnections(), 100),
  ]
  await new Promise((resolve) => server.close(resolve))
  timers.forEach(clearTimeout)
  const unfinished = await strategy.idle({ timeoutMs: graceMs })
  process.send?.({ unfinished } satisfies AppMessage, () => process.exit())
}

function createApp(
  options: AppOptions,
  strategy: AuthorizationCodeStrategy,
  store: session.Store,
): Express {
  const url = `${options.providerOrigin}/me`
  const show = showPerson(strategy, url, options.process)
  const app = express()
  // Keeps Express's own error handler from printing what the browsers count.
  app.set('env', 'test')
  app.get('/jobs/:account', doJob(strategy, url, options.process))
  app.use(session({ secret: 'a bench', resave: false, saveUninitialized: false, store }))
  app.use(passport.session())
  app.use('/auth', authRouter(strategy, { onError: (error, _req, _res, next) => next(error) }))
  app.get('/me', (req, res) => show(req).then(([status, body]) => res.status(status).json(body)))
  app.post('/visits', countVisit(show))
  app.use(reportError)
  return app
}

function createStrategy(
  options: AppOptions,
  grants: Grants | undefined,
): AuthorizationCodeStrategy {
  return new AuthorizationCodeStrategy({
    authorizationURL: `${options.providerOrigin}/authorize`,
    tokenURL: `${options.providerOrigin}/token`,
    profileURL: `${options.providerOrigin}/me`,
    clientID: 'client-1',
    clientSecret: 'secret-1',
    // Nobody listens there: the browsers play the load balancer in front of the processes.
    callbackURL: 'http://localhost/auth/callback',
    customHeaders: { [PROCESS_HEADER]: options.process },
    timeoutMs: options.timeoutMs,
    refreshBeforeSeconds: 4,
    ...(grants && { grants, grantLifetime: options.lifetime }),
  })
}

type Show = (req: Request) => Promise<readonly [status: number, body: AppAnswer]>

/** Asks the API who this is, with the session's access token. */
function showPerson(strategy: AuthorizationCodeStrategy, url: string, process: string): Show {
  return async (req) => {
    if (req.query['renew'] !== undefined) {
      const { accessToken = '' } = (await strategy.tokens(req)) ?? {}
      await strategy.accessToken(req, { refused: accessToken })
    }
    const answer = await strategy.fetch(req, url, { headers: { [PROCESS_HEADER]: process } })
    const user = (req.user as DefaultUser | undefined)?.id ?? 'nobody'
    return [answer.status, { user, ...((await answer.json()) as AppAnswer) }]
  }
}

/** Work for a person who is not there: no session is read. */
function doJob(strategy: AuthorizationCodeStrategy, url: string, process: string): RequestHandler {
  return async ({ params, query }, res) => {
    // As `user.account` of the library's own users is.
    const holder = { account: `default-user/${strategy.name}/${String(params['account'])}` }
    const token = await strategy.accessToken(holder)
    if (query['renew'] !== undefined) await strategy.accessToken(holder, { refused: token })
    // Asks for a token again, which is fresh, and for another one if the API refuses it.
    const answer = await strategy.fetch(holder, url, { headers: { [PROCESS_HEADER]: process } })
    res.status(answer.status).json(await answer.json())
  }
}

/** Changes the session while others renew its tokens, and answers once the change is stored. */
function countVisit(show: Show): RequestHandler {
  return async (req, res) => {
    const visits = (req.session.visits ?? 0) + 1
    req.session.visits = visits
    await sleep(Number(req.query['wait']))
    const [status, body] = await show(req)
    // express-session reports a failed write of its own to nobody, least of all to the browser.
    await new Promise<void>((resolve, reject) => {
      req.session.save((error: Error | null | undefined) => {
        if (error) reject(error)
        else resolve()
      })
    })
    res.status(status).json({ ...body, visits })
  }
}

interface Failure extends Error {
  readonly status?: number
  readonly code?: string
  readonly reason?: string
}

/** Ours say what is wrong by `code`, node-redis's by their class. */
const reportError: ErrorRequestHandler = (error: Failure, _req, res, next) => {
  if (res.headersSent) {
    next(error)
    return
  }
  const { status = 500, code = error.constructor.name, reason = '' } = error
  res.status(status).json({ code: `${code} ${reason}`.trim() })
}

// Ends with whoever has started it, however that one ends.
process.once('disconnect', () => process.exit())
await runApp(JSON.parse(process.argv[2] ?? '{}') as AppOptions)

import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisStore } from 'connect-redis'
import express from 'express'
import type { ErrorRequestHandler, Request, RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { createClient } from 'redis'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import { createRedisStore } from '../../src/grants/redis-store.js'
import type { GrantRecord } from '../../src/grants/grant-record.js'
import {
  AuthorizationCodeStrategy,
  authRouter,
  Grants,
  guardSessionStore,
} from '../../src/index.js'
import type { DefaultUser, GrantStore } from '../../src/index.js'
import { createSeal } from '../../src/lib/sealing.js'
import { PROCESS_HEADER } from './provider.js'

/** What a process of the application is told on its command line. */
export interface AppOptions {
  /** Its name; a process that replaces it has another. */
  readonly process: string
  readonly redisPort: number
  readonly providerOrigin: string
  /**
   * Whether commands wait while Redis is away, as is node-redis's default, or fail at once. Applications
   * do both.
   */
  readonly waitsForRedis: boolean
  /** Where the tokens are: in the sessions of one process, or in Redis. */
  readonly tokens: 'session' | 'redis'
}

/** What a process of the application tells whoever has started it. */
export type AppMessage =
  | { /** Where it listens. */ readonly origin: string }
  | {
      /** An access token that is in Redis: in a grant's record or in a session. */ readonly kept: string
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

/** Longer than the provider ever takes when it means to answer, even on a busy machine. */
const TIMEOUT_MS = 3_000

/** Where everything of the strategy is in the session. */
const SESSION_KEY = 'oauth2:oauth2'

const SECRET = 'a secret for the grants of the bench'

/** A store that says of each access token that it is stored, so that of all others it is known that they died with their process. */
function notingStore(store: GrantStore): GrantStore {
  const seal = createSeal(SECRET, 'grants')
  return {
    get: (id) => store.get(id),
    link: (...given) => store.link(...given),
    linked: (...given) => store.linked(...given),
    unlink: (...given) => store.unlink(...given),
    async compareAndSet(id, was, record, ttlMs) {
      const done = await store.compareAndSet(id, was, record, ttlMs)
      const written = seal.open(record.value, id) as GrantRecord | undefined
      if (done) for (const { tokens } of written?.lines ?? []) tell({ kept: tokens.accessToken })
      return done
    },
  }
}

/** The session store, which says of each access token that it is stored. */
class NotingSessions extends RedisStore {
  override async set(
    id: string,
    data: session.SessionData,
    done?: (error?: unknown) => void,
  ): Promise<void> {
    await super.set(id, data, (error?: unknown) => {
      const { entry } = Object((data as unknown as Record<string, unknown>)[SESSION_KEY]) as {
        entry?: { held: { tokens: { accessToken: string } } }
      }
      if (!error && entry !== undefined) tell({ kept: entry.held.tokens.accessToken })
      done?.(error)
    })
  }
}

function tell(message: AppMessage): void {
  process.send?.(message)
}

async function runApp(options: AppOptions): Promise<void> {
  const client = await connectToRedis(options)
  const redis = {
    client: readRedisClient(client, 'client'),
    prefix: 'oauth2:',
    commandTimeoutMs: 2_000,
  }
  const grants =
    options.tokens === 'redis'
      ? new Grants(notingStore(createRedisStore(redis)), { secret: SECRET })
      : undefined
  const strategy = createStrategy(options, grants)
  const show = showPerson(strategy, `${options.providerOrigin}/me`, options.process)

  const app = express()
  // Keeps Express's own error handler from printing what the browsers count.
  app.set('env', 'test')
  const store = guardSessionStore(
    new NotingSessions({ client }),
    grants === undefined ? {} : { grants },
  )
  let isStopping = false
  app.use((_req, res, next) => {
    if (isStopping) res.set('Connection', 'close')
    next()
  })
  app.use(session({ secret: 'a bench', resave: false, saveUninitialized: false, store }))
  app.use(passport.session())
  app.use('/auth', authRouter(strategy, { onError: (error, _req, _res, next) => next(error) }))
  app.get('/me', (req, res) => show(req).then(([status, body]) => res.status(status).json(body)))
  app.post('/visits', countVisit(show))
  app.use(reportError)

  const { origin, server } = await listenTo(app)
  process.once('SIGTERM', () => {
    isStopping = true
    const closing = setInterval(() => server.closeIdleConnections(), 50)
    server.close(() => {
      clearInterval(closing)
      void strategy.idle({ timeoutMs: 10_000 }).then(() => process.exit())
    })
  })
  tell({ origin })
}

async function listenTo(app: express.Express): Promise<{ origin: string; server: Server }> {
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function connectToRedis({ redisPort: port, waitsForRedis }: AppOptions) {
  const reconnectStrategy = (attempt: number): number => Math.min(attempt * 50, 500)
  const client = createClient({
    socket: { port, host: '127.0.0.1', reconnectStrategy },
    disableOfflineQueue: !waitsForRedis,
  })
  // Each request meets the failure itself.
  client.on('error', () => undefined)
  await client.connect()
  return client
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
    ...(grants && { grants }),
    timeoutMs: TIMEOUT_MS,
    refreshBeforeSeconds: 4,
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

import { AsyncLocalStorage } from 'node:async_hooks'
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import session, { MemoryStore } from 'express-session'
import type { SessionData } from 'express-session'
import passport from 'passport'
import type { AuthenticateCallback } from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  cookiePendingLogins,
  requireLogin,
} from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { flowInspector } from '../../src/flow-inspector.js'
import type { AppReport, Misfortune } from './unlucky-apps.js'

// An application in which things go wrong as its requests say; `unlucky-apps.ts` starts it. It leaves
// uncaught exceptions and rejections to Node.js, which ends the process.
const { PROVIDER: provider = '' } = process.env

function report(message: AppReport): void {
  process.send?.(message)
}

interface Circumstances {
  readonly misfortune: Misfortune | undefined
  /** How much later than now it is for this request, in **milliseconds**. */
  readonly laterMs: number
}

const circumstances = new AsyncLocalStorage<Circumstances>()
const now = Date.now
Date.now = () => now() + (circumstances.getStore()?.laterMs ?? 0)

/** Fails unlucky requests only. */
class UnluckyStore extends MemoryStore {
  override get(id: string, done: (error: unknown, found?: SessionData | null) => void): void {
    unlessUnlucky(done, () => super.get(id, done))
  }

  override set(id: string, data: SessionData, done?: (error?: unknown) => void): void {
    unlessUnlucky(done, () => super.set(id, data, done))
  }

  override touch(id: string, data: SessionData, done?: () => void): void {
    unlessUnlucky(done, () => super.touch(id, data, done))
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    unlessUnlucky(done, () => super.destroy(id, done))
  }
}

function unlessUnlucky(done: ((error: unknown) => void) | undefined, work: () => void): void {
  switch (circumstances.getStore()?.misfortune) {
    case 'meets a store that fails':
      setImmediate(() => done?.(new Error('The store fails')))
      break
    case 'meets a store that fails before it returns':
      done?.(new Error('The store fails'))
      break
    case 'meets a store that throws':
      throw new Error('The store throws')
    case 'meets a store that never answers':
      break
    default:
      work()
  }
}

const demanded: (() => void)[] = []
process.on('message', () => {
  for (const end of demanded.splice(0)) end()
})

function answerInstead(res: Response): void {
  if (!res.headersSent) res.status(503).send('It took too long')
}

const haveMisfortune: RequestHandler = (req, res, next) => {
  const misfortune = req.get('x-misfortune') as Misfortune | undefined
  const laterMs = Number(req.get('x-later-seconds') ?? 0) * 1000
  circumstances.run({ misfortune, laterMs }, () => {
    if (misfortune !== undefined) report({ arrived: misfortune })
    switch (misfortune) {
      case 'was answered before':
        answerInstead(res)
        next()
        break
      case 'is answered meanwhile':
        next()
        setImmediate(answerInstead, res)
        break
      case 'is answered on demand':
        demanded.push(() => answerInstead(res))
        next()
        break
      case 'is ended on demand':
        demanded.push(() => {
          // From now on it takes no more bytes.
          Object.assign(req.socket, { _write: () => undefined, _writev: () => undefined })
          res.end()
        })
        next()
        break
      case 'is answered halfway before':
        res.write('The first half.')
        next()
        break
      case 'lost its socket before':
        req.socket.destroy()
        setImmediate(next)
        break
      case 'loses its socket meanwhile':
        next()
        setImmediate(() => req.socket.destroy())
        break
      // As by a handler that asks for a token and does not wait for it.
      case 'has its session destroyed at once':
        next()
        req.session.destroy(() => undefined)
        break
      case 'has its session destroyed meanwhile':
        next()
        setImmediate(() => req.session.destroy(() => undefined))
        break
      case 'has its session taken away meanwhile':
        next()
        setImmediate(() => Object.assign(req, { session: null }))
        break
      default:
        next()
    }
  })
}

const app = express()
const server = createServer(app)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const origin = `http://127.0.0.1:${port}`

const { privateKey } = generateKeyPairSync('ed25519')

/** The options of the strategy with its callback at `path`. */
function optionsFor(name: string, path: string): AuthorizationCodeOptions {
  return {
    name,
    callbackURL: origin + path,
    authorizationURL: `${provider}/authorize`,
    tokenURL: `${provider}/token`,
    profileURL: `${provider}/me`,
    revocationURL: `${provider}/revoke`,
    issuer: provider,
    jwksURL: `${provider}/jwks`,
    endSessionURL: `${provider}/logout`,
    postLogoutRedirectURL: `${origin}/auth/logged-out`,
    backchannelLogout: true,
    scope: 'openid',
    clientID: 'client-1',
    clientAuthentication: 'private_key_jwt',
    privateKey: async () => {
      await (await fetch(`${provider}/vault`)).text()
      return privateKey
    },
  }
}

const strategy = new AuthorizationCodeStrategy({
  ...optionsFor('main', '/auth/callback'),
  sessionKey: 'own',
  keepSession: ['cart'],
  timeoutMs: 3000,
})
const withCookies = new AuthorizationCodeStrategy({
  ...optionsFor('cookies', '/cookies/callback'),
  pendingLogins: cookiePendingLogins({ secret: 'a secret of 32 characters or more' }),
})
const connected = new AuthorizationCodeStrategy(optionsFor('connected', '/connect/callback'))
const bare = new AuthorizationCodeStrategy(optionsFor('bare', '/bare'))
const redirecting = new AuthorizationCodeStrategy(optionsFor('redirecting', '/redirecting'))
const custom = new AuthorizationCodeStrategy(optionsFor('custom', '/custom'))
const customLogin = new AuthorizationCodeStrategy(optionsFor('custom-login', '/custom-login'))

/** Looks at a profile as a subclass may that has never seen an unusual one. */
class HookedStrategy extends AuthorizationCodeStrategy {
  override userProfile(
    ...[accessToken, done]: Parameters<AuthorizationCodeStrategy['userProfile']>
  ): void {
    super.userProfile(accessToken, (error) => {
      if (error) done(error)
      else throw new Error('This profile was not expected')
    })
  }
}
const hooked = new HookedStrategy(optionsFor('hooked', '/hooked'))

app.use(
  session({
    secret: 'a test',
    resave: false,
    saveUninitialized: false,
    store: new UnluckyStore(),
  }),
)
app.use(passport.session(), haveMisfortune)
app.use('/auth', authRouter(strategy, { onError: (error, _req, _res, next) => next(error) }))
app.use('/cookies', authRouter(withCookies))
app.use('/connect', authRouter(connected, { connect: true }))
app.use(
  '/rejecting',
  authRouter(strategy, {
    onError: (async () => {
      await Promise.reject(new Error('This error was not expected'))
    }) as () => void,
  }),
)
app.get('/bare', passport.authenticate(bare) as RequestHandler, (_req, res) => res.redirect('/'))
app.get(
  '/redirecting',
  passport.authenticate(redirecting, { successRedirect: '/' }) as RequestHandler,
)
app.get('/hooked', passport.authenticate(hooked) as RequestHandler, (_req, res) =>
  res.redirect('/'),
)
app.get('/custom', (req, res, next) => {
  const handle = passport.authenticate(custom, () => {
    throw new Error('This outcome was not expected')
  }) as RequestHandler
  void handle(req, res, next)
})
app.get('/custom-login', (req, res, next) => {
  const finished: AuthenticateCallback = (_error, user) => {
    req.logIn(user instanceof Object ? user : {}, () => {
      throw new Error('This login was not expected')
    })
  }
  const handle = passport.authenticate(customLogin, finished) as RequestHandler
  void handle(req, res, next)
})
app.get('/page', requireLogin({ loginPath: '/auth/login', strategy }), (_req, res) =>
  res.send('A page'),
)
app.use('/flow', flowInspector(strategy, { key: 'the-key-of-the-inspector-of-this-app' }))

app.get('/', (req, res) => res.json({ user: req.user ?? null }))
app.get('/session', (req, res) => res.json(req.session))
app.post('/session/:field', express.json({ strict: false }), (req, res) => {
  Reflect.set(req.session, req.params.field, req.body)
  res.end()
})
app.get('/tokens', (req, res, next) => {
  strategy.tokens(req).then((tokens) => res.json(tokens ?? null), next)
})
app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
  if (res.headersSent) next(error)
  else res.status((error as { status?: number }).status ?? 500).send(String(error))
})
report({ port })

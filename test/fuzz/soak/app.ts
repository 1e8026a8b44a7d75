import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeError,
  AuthorizationCodeStrategy,
  authRouter,
  cookiePendingLogins,
  discover,
  guardSessionStore,
  requireLogin,
} from '../../../src/index.js'
import type { AuthorizationCodeOptions, VerifiedLogin } from '../../../src/index.js'
import { flowInspector } from '../../../src/flow-inspector.js'
import { misbehave } from './app-faults.js'
import { createStorage } from './app-storage.js'
import { PAGE_MARKER } from './messages.js'
import type { Answer, AppSettings, Message, Question } from './messages.js'
import { APP_SECRETS } from './secrets.js'

// The application under attack; `app-process.ts` starts it.
const settings = JSON.parse(process.env['SOAK'] ?? '{}') as AppSettings
const { mode, provider, fault, privateKey } = settings

function tell(message: Message): void {
  process.send?.(message)
}
for (const wrong of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(wrong, (why: unknown) => {
    tell({ wrong, why: why instanceof Error ? String(why.stack) : String(why) })
  })
}

const storage = await createStorage(settings)
const app = express()
const server = createServer(app)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const origin = `http://127.0.0.1:${port}`

/** Whoever the provider may log in: its people, and no name that it makes up. */
const PEOPLE = /^(?:honest-[0-9a-f]{32}|mallory-\d+)$/

function isPerson(id: unknown): id is string {
  return typeof id === 'string' && PEOPLE.test(id)
}

function verify({ profile, claims }: VerifiedLogin): { id: string } | false {
  const id = claims?.sub ?? profile?.id
  return isPerson(id) ? { id } : false
}
passport.serializeUser<string>((user, done) => done(null, (user as { id: string }).id))
passport.deserializeUser<unknown>((id, done) => done(null, isPerson(id) ? { id } : false))

function optionsAt(name: string, path = name): AuthorizationCodeOptions {
  return {
    name,
    callbackURL: `${origin}/${path}/callback`,
    authorizationURL: `${provider}/${path}/authorize`,
    tokenURL: `${provider}/${path}/token`,
    profileURL: `${provider}/${path}/me`,
    revocationURL: `${provider}/${path}/revoke`,
    clientID: 'client-1',
    timeoutMs: 3000,
    ...storage.options,
  }
}

const secret = { clientSecret: APP_SECRETS.client }
function openIdAt(name: string, path = name): AuthorizationCodeOptions {
  return {
    ...optionsAt(name, path),
    issuer: `${provider}/${path}`,
    jwksURL: `${provider}/${path}/jwks`,
    endSessionURL: `${provider}/${path}/logout`,
    postLogoutRedirectURL: `${origin}/${path}/logged-out`,
    backchannelLogout: true,
    scope: 'openid',
    privateKey,
  }
}

const plain = new AuthorizationCodeStrategy({ ...optionsAt('plain'), ...secret }, verify)
const openId = new AuthorizationCodeStrategy(
  {
    ...openIdAt('auth'),
    ...(mode === 'memory' && {
      pendingLogins: cookiePendingLogins({ secret: APP_SECRETS.tokens }),
    }),
  },
  verify,
)
const wild = new AuthorizationCodeStrategy(openIdAt('wild'), verify)
const connected = new AuthorizationCodeStrategy({ ...optionsAt('connect'), ...secret })
const strategies = { plain, auth: openId, wild, connect: connected }

if (fault !== undefined) misbehave(app, fault)
app.use(
  session({
    secret: APP_SECRETS.session,
    resave: false,
    saveUninitialized: false,
    store: guardSessionStore(storage.sessions, {
      ...(storage.options.grants && { grants: storage.options.grants }),
      longestRequestMs: 10_000,
    }),
  }),
)
app.use((req: Request, res: Response, next: NextFunction) => {
  // A target such as `*` is outside of the cookie's path: it has no session, and Passport would have an error.
  if ((req as { session?: unknown }).session === undefined) res.status(400).end()
  else next()
})
app.use(passport.session())
app.use('/plain', authRouter(plain))
app.use('/auth', authRouter(openId, { onError: (error, _req, _res, next) => next(error) }))
app.use('/wild', authRouter(wild))
app.use('/connect', authRouter(connected, { connect: true }))
app.use(
  '/flow',
  flowInspector(Object.values(strategies), {
    key: APP_SECRETS.inspector,
    print: () => undefined,
  }),
)

function page(req: Request, res: Response): void {
  const name = `${PAGE_MARKER}${(req.user as { id: string }).id}`
  res.set('x-page', name).send(name)
}
app.get('/page', requireLogin({ loginPath: '/auth/login' }), page)
for (const [path, strategy] of Object.entries(strategies)) {
  app.get(`/page/${path}`, requireLogin({ loginPath: `/${path}/login`, strategy }), page)
  app.get(`/api/${path}`, (req, res, next) => {
    strategy
      .fetch(req, `${provider}/${path}/api`)
      .then(async (answer) => {
        // The body may end before it should: then `text` throws what it throws after any `fetch`.
        const text = await answer.text().catch(() => undefined)
        res.status(text === undefined ? 502 : answer.status).send(text)
      })
      .catch(next)
  })
  app.get(`/tokens/${path}`, (req, res, next) => {
    strategy
      .tokens(req)
      .then((tokens) => res.json({ has: tokens !== undefined }))
      .catch(next)
  })
}
app.get('/discover/:issuer', (req, res, next) => {
  discover(`${provider}/${req.params.issuer}`, { timeoutMs: 3000 })
    .then((found) => new AuthorizationCodeStrategy({ ...found, ...secret, ...client }))
    .then(({ name }) => res.json({ name }))
    .catch(next)
})
// Keys are kept for ten minutes: a strategy of its own for each request has to load them.
app.use('/keys/:issuer', (req, res, next) => {
  const { issuer } = req.params
  const options = openIdAt(issuer)
  // Grants remember all strategies that ever used them.
  Reflect.deleteProperty(options, 'grants')
  const router = authRouter(new AuthorizationCodeStrategy(options))
  res.once('close', () => passport.unuse(issuer))
  router(req, res, next)
})
const client = { clientID: 'client-1', callbackURL: `${origin}/found/callback` }
app.get('/', (req, res) => res.json({ user: req.user !== undefined }))

app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
  const { status = 500, code } = error as { status?: number; code?: string }
  const isOfParser = status >= 400 && status < 500
  if (!(error instanceof AuthorizationCodeError) && !isOfParser) {
    tell({ wrong: 'an error without a code', why: String((error as Error).stack) })
  }
  if (res.headersSent) next(error)
  else res.status(status).send(`${String(code)}: ${String(error)}`)
})

async function answer(question: Question): Promise<Answer> {
  switch (question.ask) {
    case 'heap':
      globalThis.gc?.()
      return process.memoryUsage().heapUsed
    case 'session':
      return storage.read(question.id)
    case 'plant':
      await storage.plant(question.id, question.text)
      return null
  }
}
process.on('message', ({ id, question }: { id: number; question: Question }) => {
  void answer(question).then((value) => tell({ answered: id, answer: value }))
})
process.on('disconnect', () => process.exit())
tell({ port })

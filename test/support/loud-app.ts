import { subscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import {
  ConsoleSpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter, loginErrorPage } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { renewedToken } from './renewed-token.js'

// An application that prints whatever it can get hold of. `no-secrets.test.ts` starts it, with the debug
// switches of everything below it turned on as well.
const { LOUD_OPTIONS = '{}' } = process.env
const {
  origin: provider,
  sessionSecret,
  ...options
} = JSON.parse(LOUD_OPTIONS) as Partial<AuthorizationCodeOptions> & {
  readonly origin: string
  readonly sessionSecret: string
}

new NodeTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())],
}).register()
subscribe('passport-authorization-code', print)

const app = express()
const server = createServer(app)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const strategy = new AuthorizationCodeStrategy({
  authorizationURL: `${provider}/authorize`,
  tokenURL: `${provider}/token`,
  profileURL: `${provider}/me`,
  revocationURL: `${provider}/revoke`,
  clientID: 'client-1',
  callbackURL: `${origin}/auth/callback`,
  timeoutMs: 300,
  ...options,
})
print(strategy)

app.use(session({ secret: sessionSecret, resave: false, saveUninitialized: false }))
app.use(passport.session())
app.use(
  '/auth',
  authRouter(strategy, {
    onError(error, req, res, next) {
      print(error)
      loginErrorPage(error, req, res, next)
    },
  }),
)
app.get('/', (req, res) => res.json({ isLoggedIn: req.user !== undefined }))
const route = (path: string, work: (req: Request) => Promise<unknown>): void => {
  app.get(path, (req, res, next) => {
    work(req).then(() => res.sendStatus(200), next)
  })
}
route('/renew', (req) => renewedToken(strategy, req))
route('/resource', async (req) => {
  const answer = await strategy.fetch(req, `${provider}/resource`)
  await answer.text()
})
route('/end-grant', (req) => strategy.endGrant(req))
app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
  print(error)
  if (res.headersSent) next(error)
  else res.status(500).send(String(error))
})
console.log(`loud at ${origin}`)

function print(value: unknown): void {
  console.log(inspect(value, { depth: 20, showHidden: false, maxStringLength: null }))
}

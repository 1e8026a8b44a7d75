import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RedisStore } from 'connect-redis'
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter, guardSessionStore } from '../../src/index.js'
import { RedisGrants } from '../../src/redis.js'
import { connectRedis } from './redis-server.js'

// One process of an application that has several; `app-processes.ts` starts it. Sessions and grants are in Redis.
const { REDIS_SOCKET = '', PROVIDER = '' } = process.env
const client = await connectRedis(REDIS_SOCKET)
const secret = 'a secret of 32 characters or more'
const grants = new RedisGrants({ client, secret, cacheSeconds: 0 })

const strategy = new AuthorizationCodeStrategy({
  authorizationURL: `${PROVIDER}/authorize`,
  tokenURL: `${PROVIDER}/token`,
  profileURL: `${PROVIDER}/me`,
  revocationURL: `${PROVIDER}/revoke`,
  clientID: 'client-1',
  clientSecret: 'secret-1',
  callbackURL: 'http://localhost/auth/callback',
  grants,
})

const app = express()
const store = guardSessionStore(new RedisStore({ client }), { grants })
app.use(session({ secret: 'a test', resave: false, saveUninitialized: false, store }))
app.use(passport.session())
app.use('/auth', authRouter(strategy))
app.get('/', (req, res) => res.json({ user: req.user ?? null }))
app.get('/token', (req, res, next) => {
  process.send?.({ arrived: true })
  strategy.accessToken(req).then((accessToken) => res.json({ accessToken }), next)
})

const now = Date.now
app.post('/clock', (req, res) => {
  const advanceMs = Number(req.query['seconds']) * 1000
  Date.now = () => now() + advanceMs
  res.end()
})
app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
  const { status = 500, code } = error as { status?: number; code?: string }
  res.status(status).json({ code })
})

const server = createServer(app)
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port })
})

// The app of docs/redis-and-several-processes.md, with the packages that the environment names.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  discover,
  guardSessionStore,
  requireLogin,
} from 'passport-authorization-code'
import { RedisGrants } from 'passport-authorization-code/redis'

const { APP_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, REDIS_URL } = process.env
const { CLIENT, GRANT_SECRET, SESSION_SECRET, STORE } = process.env

/** A client, as the README of its package makes one. */
async function connect() {
  if (CLIENT.startsWith('ioredis')) {
    const { default: Redis } = await import(CLIENT)
    return new Redis(REDIS_URL)
  }
  const { createClient } = await import(CLIENT)
  return createClient({ url: REDIS_URL })
    .on('error', (error) => console.log('Redis Client Error', error))
    .connect()
}

/** A store, as the README of its version makes one: the class is the default export of version 7. */
async function createStore(client) {
  const connectRedis = await import(STORE)
  const RedisStore = connectRedis.RedisStore ?? connectRedis.default
  return new RedisStore({ client, prefix: 'myapp:' })
}

const client = await connect()
const grants = new RedisGrants({ client, secret: GRANT_SECRET })

const strategy = new AuthorizationCodeStrategy({
  ...(await discover(ISSUER)),
  clientID: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  scope: 'openid profile offline_access',
  callbackURL: `${APP_URL}/auth/callback`,
  grants,
})

const app = express()
app.use(
  session({
    store: guardSessionStore(await createStore(client), { grants }),
    resave: false,
    saveUninitialized: false,
    secret: SESSION_SECRET,
  }),
)
app.use(passport.session())
app.use('/auth', authRouter(strategy))

app.get('/token', requireLogin({ loginPath: '/auth/login' }), async (req, res) => {
  res.json({ id: req.user.id, token: await strategy.accessToken(req) })
})
app.get('/orders', requireLogin({ loginPath: '/auth/login' }), async (req, res) => {
  const answer = await strategy.fetch(req, `${ISSUER}/userinfo`)
  res.status(answer.status).json(await answer.json())
})

app.listen(PORT, '127.0.0.1', () => console.log(`Open ${APP_URL}`))

// The README's app, without a bundler, and with an option that Bun cannot keep if the environment names one.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  discover,
  requireLogin,
} from 'passport-authorization-code'
import { RedisGrants } from 'passport-authorization-code/redis'
import { createClient } from 'redis'

const { APP_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, SESSION_SECRET } = process.env
const { GRANT_SECRET, REDIS_URL } = process.env

const client = await createClient({ url: REDIS_URL }).on('error', console.error).connect()
const provider = await discover(ISSUER)
const strategy = new AuthorizationCodeStrategy({
  ...provider,
  clientID: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  scope: 'openid email profile',
  callbackURL: `${APP_URL}/auth/callback`,
  grants: new RedisGrants({ client, secret: GRANT_SECRET }),
})

const app = express()
app.use(session({ secret: SESSION_SECRET, resave: false, saveUninitialized: false }))
app.use(passport.session())
app.use('/auth', authRouter(strategy))

app.get('/me', requireLogin({ loginPath: '/auth/login', strategy }), async (req, res) => {
  const answer = await strategy.fetch(req, provider.profileURL)
  res.json({ ...(await answer.json()), runtime: process.versions.bun && 'bun' })
})
// A browser that has gone: what is aborted reaches the request to the provider.
app.get('/aborted', async (req, res) => {
  const init = { signal: AbortSignal.timeout(200) }
  const failure = await strategy.fetch(req, provider.profileURL, init).catch((error) => error)
  res.json({ name: failure.name })
})

app.listen(PORT, '127.0.0.1', () => console.log(`Open ${APP_URL}`))

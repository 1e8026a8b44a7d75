// An Express application on AWS Lambda, as the README of serverless-http wraps one.
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  discover,
  guardSessionStore,
} from 'passport-authorization-code'
import { RedisGrants } from 'passport-authorization-code/redis'
import { createClient } from 'redis'
import serverless from 'serverless-http'

const { APP_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, RENEW_IN_BACKGROUND } = process.env
const { GRANT_SECRET, REDIS_URL, SESSION_SECRET } = process.env

const client = await createClient({ url: REDIS_URL }).on('error', console.error).connect()
const grants = new RedisGrants({ client, secret: GRANT_SECRET })
const strategy = new AuthorizationCodeStrategy({
  ...(await discover(ISSUER)),
  clientID: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  scope: 'openid email profile',
  callbackURL: `${APP_URL}/auth/callback`,
  grants,
  renewInBackground: RENEW_IN_BACKGROUND === 'true',
  timeoutMs: 1_000,
})

const app = express()
app.use(
  session({
    store: guardSessionStore(new RedisStore({ client }), { grants }),
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
  }),
)
app.use(passport.session())
app.use('/auth', authRouter(strategy))
app.get('/token', async (req, res) => {
  res.json({ token: await strategy.accessToken(req) })
})

export const handler = serverless(app)

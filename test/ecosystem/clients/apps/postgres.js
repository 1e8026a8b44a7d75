// Tokens in PostgreSQL, by a pool as the documentation of its package makes one.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter, discover } from 'passport-authorization-code'
import { PostgresGrants } from 'passport-authorization-code/postgres'

const { APP_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT } = process.env
const { DATABASE_URL, GRANT_SECRET, POOL, SESSION_SECRET } = process.env

async function createPool() {
  if (POOL === 'pglite') {
    const { PGlite } = await import('@electric-sql/pglite')
    return new PGlite()
  }
  const { Pool } = await import('pg')
  return new Pool({ connectionString: DATABASE_URL })
}

const grants = new PostgresGrants({ pool: await createPool(), secret: GRANT_SECRET })
await grants.setUp()

const strategy = new AuthorizationCodeStrategy({
  ...(await discover(ISSUER)),
  clientID: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  scope: 'openid profile offline_access',
  callbackURL: `${APP_URL}/auth/callback`,
  grants,
  grantLifetime: 'account',
})

const app = express()
app.use(session({ resave: false, saveUninitialized: false, secret: SESSION_SECRET }))
app.use(passport.session())
app.use('/auth', authRouter(strategy))

// A job: anybody may start it, and no login is needed.
app.get('/job', async (_req, res) => {
  const holder = { account: 'default-user/' + strategy.name + '/ada' }
  const answer = await strategy.fetch(holder, `${ISSUER}/userinfo`)
  res.status(answer.status).json(await answer.json())
})

app.listen(PORT, '127.0.0.1', () => console.log(`Open ${APP_URL}`))

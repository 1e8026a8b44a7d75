import { createHmac, randomBytes } from 'node:crypto'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import passport from 'passport'
import { createBeginLogin } from '../../src/grants/begin-login.js'
import { Grants, partsOf } from '../../src/grants/grants.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { withGrantId } from '../../src/grants/session-entry.js'
import { AuthorizationCodeStrategy, authRouter } from '../../src/index.js'
import { systemClock } from '../../src/lib/clock.js'
import { randomId } from '../../src/lib/random-id.js'
import { readOptions, strategyIdOf } from '../../src/options/read-options.js'
import type { StoredGrants } from '../../src/options/grants-option.js'
import { RedisGrants } from '../../src/redis.js'
import { listen } from '../../test/support/http.js'
import type { RedisServer } from '../../test/support/redis-server.js'

const nothing = (): Promise<void> => Promise.resolve()

const SECRET = 'a secret of the bench, which is long enough'
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const HOUR_MS = 60 * 60 * 1000

/** Where sessions and grants are. */
export interface Place {
  readonly sessions: session.Store
  readonly grants: StoredGrants
  /** How many sessions there are. */
  readonly countSessions: () => Promise<number>
  /** Lets three hours go by: longer than ended grants are remembered. Others go on writing meanwhile. */
  readonly passHours?: () => Promise<void>
}

/** Everything in this process. */
export function placeInMemory(): Place {
  let aheadMs = 0
  const clock = { ...systemClock, monotonic: () => performance.now() + aheadMs }
  const store = createMemoryStore({ clock })
  const sessions = new session.MemoryStore()
  return {
    sessions,
    grants: new Grants(store, { secret: SECRET }),
    countSessions: () =>
      new Promise((resolve, reject) => {
        sessions.length((error: unknown, length = 0) =>
          error instanceof Error ? reject(error) : resolve(length),
        )
      }),
    async passHours() {
      aheadMs += 3 * HOUR_MS
      for (let number = 0; number < 50_000; number++) {
        await store.compareAndSet(`other/${number}`, undefined, { version: 'v', value: '' }, 1)
      }
    },
  }
}

/** Sessions and grants in one Redis, by one connection. */
export function placeInRedis({ client }: RedisServer): Place {
  return {
    sessions: new RedisStore({ client }),
    grants: new RedisGrants({ client, secret: SECRET }),
    async countSessions() {
      let count = 0
      for await (const keys of client.scanIterator({ MATCH: 'sess:*', COUNT: 1000 })) {
        count += keys.length
      }
      return count
    },
  }
}

/** An application, and the provider that logs people out. */
export interface LogoutScene {
  readonly origin: string
  /** Puts a login of this person into session and grants, as finishing it would. Resolves to its cookie. */
  readonly logIn: (person: string) => Promise<string>
  readonly logoutToken: (person: string) => Promise<string>
  readonly close: () => Promise<void>
}

/** Starts both, in this process. */
export async function startScene({ sessions, grants }: Place): Promise<LogoutScene> {
  const { privateKey, publicKey } = await generateKeyPair('PS256')
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'PS256', use: 'sig' }]
  const provider = await listen((_, response) => response.end(JSON.stringify({ keys })))
  const issuer = provider.origin
  const options = {
    name: 'company',
    issuer,
    authorizationURL: `${issuer}/authorize`,
    tokenURL: `${issuer}/token`,
    jwksURL: `${issuer}/keys`,
    clientID: 'client-1',
    clientSecret: 'secret-1',
    scope: 'openid',
    callbackURL: 'http://localhost/auth/callback',
    backchannelLogout: true,
    grants,
  }
  const strategy = new AuthorizationCodeStrategy(options)
  const settings = readOptions(options)
  const begin = createBeginLogin({
    ...partsOf(grants),
    strategy: strategyIdOf(settings),
    isListed: true,
    settings,
    revoking: { loggedOut: nothing, replaced: nothing, discard: nothing, unwanted: nothing },
  })

  const app = express()
  app.use(session({ store: sessions, secret: SECRET, resave: false, saveUninitialized: false }))
  app.use(passport.session())
  app.get('/me', async (req, res) => {
    await strategy.accessToken(req)
    res.json(await strategy.listGrants(req))
  })
  app.use('/auth', authRouter(strategy))
  const server = await listen(app)

  return {
    origin: server.origin,

    async logIn(person) {
      const sessionId = randomBytes(24).toString('base64url')
      const tokens = {
        accessToken: randomId(),
        refreshToken: randomId(),
        tokenType: 'bearer',
        expiresAt: Date.now() + 24 * HOUR_MS,
      }
      const { id } = await begin({
        tokens,
        claims: { iss: issuer, sub: person, sid: randomId(), iat: Math.floor(Date.now() / 1000) },
        exchangedAt: Date.now(),
        account: person,
        subject: person,
        sessionId,
        connected: false,
        note: {},
        lifetimeMs: 14 * 24 * HOUR_MS,
      })
      const user = { defaultUser: { provider: 'company', id: person } }
      const content = {
        cookie: { originalMaxAge: null, httpOnly: true, path: '/' },
        passport: { user },
        [settings.sessionKey]: withGrantId({}, id, false),
      }
      await new Promise<void>((resolve, reject) => {
        sessions.set(sessionId, content, (error?: unknown) =>
          error instanceof Error ? reject(error) : resolve(),
        )
      })
      return cookieOf(sessionId)
    },

    logoutToken: (person) =>
      new SignJWT({ sub: person, jti: randomId(), events: { [LOGOUT_EVENT]: {} } })
        .setProtectedHeader({ alg: 'PS256', kid: 'key-1', typ: 'logout+jwt' })
        .setIssuer(issuer)
        .setAudience('client-1')
        .setIssuedAt(Math.floor(Date.now() / 1000) + 1)
        .setExpirationTime('5m')
        .sign(privateKey),

    async close() {
      await server.close()
      await provider.close()
    },
  }
}

/** The cookie of express-session. */
function cookieOf(sessionId: string): string {
  const signature = createHmac('sha256', SECRET).update(sessionId).digest('base64')
  return `connect.sid=${encodeURIComponent(`s:${sessionId}.${signature.replace(/=+$/, '')}`)}`
}

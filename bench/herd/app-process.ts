/** The application of the herd in a process of its own: people log in over HTTP, and then all ask for tokens at once. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { Agent, request as send } from 'undici'
import { AuthorizationCodeStrategy, authRouter, guardSessionStore } from '../../src/index.js'
import { RedisGrants } from '../../src/redis.js'
import { connectRedis } from '../../test/support/redis-server.js'
import { serve } from '../processes.js'
import { Herd } from './people.js'

export type HerdAppCommands = typeof commands

/** What the application is told on its command line. */
export interface HerdAppOptions {
  readonly providerOrigin: string
  /** Where Redis is, for grants and sessions in Redis; left out for tokens in sessions in memory. */
  readonly redisSocket?: string
  /** How long before it expires a token is due, in seconds. */
  readonly refreshBeforeSeconds: number
}

const SECRET = 'a secret for the herd, long enough'

/** How many people log in at once. */
const LOGINS_AT_ONCE = 30

const commands = {
  logIn,
  quiet: (seconds: number) => herd.watch({ seconds, everyMs: 1_000, arriveWithinMs: 1_000 }),
  /** Forgets everybody. */
  forget: () => herd.clear(),
  run: (seconds: number) => herd.watch({ seconds, everyMs: 5_000, arriveWithinMs: 1_000 }),
}

const options = JSON.parse(process.argv[2] ?? '{}') as HerdAppOptions
const agent = new Agent({ connections: LOGINS_AT_ONCE })
const { strategy, store, origin } = await startApp()
const herd = new Herd(strategy, store)

async function startApp() {
  const client =
    options.redisSocket === undefined ? undefined : await connectRedis(options.redisSocket)
  const grants = client && new RedisGrants({ client, secret: SECRET })
  const store = guardSessionStore(
    client === undefined ? new session.MemoryStore() : new RedisStore({ client }),
    grants === undefined ? {} : { grants },
  )
  const app = express()
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const strategy = new AuthorizationCodeStrategy({
    authorizationURL: `${options.providerOrigin}/authorize`,
    tokenURL: `${options.providerOrigin}/token`,
    profileURL: `${options.providerOrigin}/me`,
    clientID: 'client-1',
    clientSecret: 'secret-1',
    callbackURL: `${origin}/auth/callback`,
    refreshBeforeSeconds: options.refreshBeforeSeconds,
    ...(grants && { grants }),
  })
  app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store }))
  app.use(passport.session())
  app.use('/auth', authRouter(strategy))
  return { strategy, store, origin }
}

/** Logs so many people in; resolves to how many are logged in. */
async function logIn(count: number): Promise<number> {
  let started = 0
  const someone = async (): Promise<void> => {
    while (started < count) {
      started++
      await logOneIn(`person-${started}`)
    }
  }
  await Promise.all(Array.from({ length: LOGINS_AT_ONCE }, someone))
  return herd.size
}

/** The browser plays the provider's login page: its code is the person's name. */
async function logOneIn(person: string): Promise<void> {
  const start = await get('/auth/login', '')
  const state = new URL(start.location).searchParams.get('state') ?? ''
  const { cookie, location } = await get(
    `/auth/callback?code=${person}&state=${state}`,
    start.cookie,
  )
  if (location !== '/') throw new Error(`${person} cannot log in: ${location}`)
  // A signed cookie of express-session: `s:` and the id, up to the signature.
  const [, sessionId = ''] = /=s%3A([^.]+)/.exec(cookie) ?? []
  herd.add(person, sessionId)
}

async function get(path: string, cookie: string) {
  const { headers, body } = await send(origin + path, { headers: { cookie }, dispatcher: agent })
  await body.dump()
  const [line = ''] = [headers['set-cookie'] ?? []].flat()
  return { location: String(headers['location']), cookie: line.split(';')[0] ?? '' }
}

serve(commands)

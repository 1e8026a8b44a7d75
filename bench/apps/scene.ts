import session from 'express-session'
import type { Store } from 'express-session'
import type { Express, RequestHandler } from 'express'
import type { RedisClient } from '../../test/support/redis-server.js'
import type { Endpoints } from '../authorization-server.js'

/** What every application is given. */
export interface Scene {
  /** Where it will listen. */
  readonly origin: string
  readonly provider: Endpoints
  readonly client: RedisClient
  readonly store: Store
  /** Where a slow request waits, between reading its session and changing it. */
  readonly wait: () => Promise<void>
}

/**
 * Adds an application's routes, the same in all of them: a login that ends at `/`; `/token`, which answers
 * logged-in people with a valid `accessToken`; `/note`, which waits and then puts a note into the session; and
 * `/noted`, which answers with the `note`. `/job?subject=…` is what a job does: it answers with an access token
 * of that person, whoever asks.
 */
export type AddRoutes = (app: Express, scene: Scene) => Promise<void> | void

/** The secret that signs the session cookies. */
export const SESSION_SECRET = 'a secret that signs the cookies of sessions'

/** express-session as its documentation has it. */
export function sessionMiddleware({ store }: Scene): RequestHandler {
  return session({
    store,
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { sameSite: 'lax' },
  })
}

/** Whoever logs in. */
export interface Person {
  readonly id: string
  readonly name: string
}

/** Tokens as an application that minds them itself keeps them. */
export interface KeptTokens {
  readonly accessToken: string
  readonly refreshToken: string
  /** In milliseconds since the epoch. */
  readonly expiresAt: number
}

declare module 'express-session' {
  interface SessionData {
    note?: string
  }
}

/** `/note` and `/noted` over express-session. */
export function addNoteRoutes(app: Express, { wait }: Scene): void {
  app.get('/note', async (req, res) => {
    await wait()
    req.session.note = 'kept'
    res.json({})
  })
  app.get('/noted', (req, res) => {
    res.json({ note: req.session.note })
  })
}

/** The tokens of a token response. */
export function keptTokens(response: TokenResponse): KeptTokens {
  return {
    accessToken: response.access_token,
    refreshToken: response.refresh_token ?? '',
    expiresAt: Date.now() + (response.expires_in ?? 0) * 1000,
  }
}

/** What the applications read of a token response. */
export interface TokenResponse {
  readonly access_token: string
  readonly refresh_token?: string | undefined
  readonly expires_in?: number | undefined
}

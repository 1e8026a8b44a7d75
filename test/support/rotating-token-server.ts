import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import express from 'express'
import { listen } from './http.js'
import type { TokenSet } from '../../src/options/token-set.js'

/** What a {@link RotatingTokenServer} does with a request. */
export type TokenServerAct =
  | 'renew'
  /** Answers 503. */
  | 'fail'
  /** Takes the request, does nothing with it and never answers, as when it fails itself. */
  | 'ignore'

/** One login at a {@link RotatingTokenServer}. */
export interface ServedLogin {
  /** The id of its grant. */
  readonly grant: string
  readonly first: TokenSet
  /** The refresh tokens it was asked with, oldest first. */
  readonly asked: readonly string[]
  /** Whether a refresh token came twice, and the login is over. */
  readonly isRevoked: boolean
}

/** A token endpoint that rotates refresh tokens, and takes the second use of one for theft. */
export interface RotatingTokenServer {
  readonly tokenURL: string
  /** Starts a login. */
  logIn(): ServedLogin
  /** Sets what is done with requests from now on. */
  readonly act: (act: TokenServerAct) => void
  /** Holds requests back before anything is done with them; resolves, with a way to let them go, when one is there. */
  hold(): { readonly arrived: Promise<void>; release(): void }
  close(): Promise<void>
}

/** How long each answer takes, in **milliseconds**. */
const ANSWER_MS = 100

/** Starts a token endpoint that rotates refresh tokens. */
export async function startRotatingTokenServer(): Promise<RotatingTokenServer> {
  interface Login {
    readonly grant: string
    readonly first: TokenSet
    readonly asked: string[]
    newest: string
    isRevoked: boolean
  }
  const logins: Login[] = []
  const held = new EventTarget()
  let act: TokenServerAct = 'renew'
  let gate: Promise<unknown> = Promise.resolve()

  const app = express()
  app.use(express.urlencoded({ extended: false }))
  app.post('/token', async (req, res) => {
    const { refresh_token: refreshToken = '' } = req.body as { refresh_token?: string }
    const login = logins.find(({ first }) => isOf(first, refreshToken))
    login?.asked.push(refreshToken)
    const doing = act
    held.dispatchEvent(new Event('arrived'))
    await gate
    if (doing === 'ignore') return
    await setTimeout(ANSWER_MS)
    if (doing === 'fail') {
      res.status(503).json({ error: 'temporarily_unavailable', error_description: 'Soon again.' })
      return
    }
    if (login === undefined || login.isRevoked || login.newest !== refreshToken) {
      if (login !== undefined) login.isRevoked = true
      res.status(400).json({ error: 'invalid_grant' })
      return
    }
    const version = Number(refreshToken.split('.')[1]) + 1
    const tokens = tokensOf(logins.indexOf(login), version)
    login.newest = tokens.refreshToken ?? ''
    res.json({ access_token: tokens.accessToken, refresh_token: tokens.refreshToken })
  })
  const server = await listen(app)

  return {
    tokenURL: `${server.origin}/token`,
    logIn() {
      const first = tokensOf(logins.length, 1)
      const newest = first.refreshToken ?? ''
      const grant = randomBytes(16).toString('base64url')
      const login: Login = { grant, first, asked: [], newest, isRevoked: false }
      logins.push(login)
      return login
    },
    act: (next) => (act = next),
    hold() {
      const arrived = once(held, 'arrived').then(() => undefined)
      let release!: () => void
      gate = new Promise<void>((resolve) => (release = resolve))
      return { arrived, release }
    },
    close: () => server.close(),
  }
}

/** The token set that a login has at a version. It does not expire. */
function tokensOf(login: number, version: number): TokenSet {
  return {
    accessToken: `access-token-${login}.${version}`,
    refreshToken: `refresh-token-${login}.${version}`,
    tokenType: 'bearer',
  }
}

function isOf({ refreshToken = '' }: TokenSet, sent: string): boolean {
  return refreshToken.split('.')[0] === sent.split('.')[0]
}

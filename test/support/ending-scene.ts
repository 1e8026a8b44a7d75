import { beforeEach } from '@jest/globals'
import { MemoryStore } from 'express-session'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { AuthorizationCodeOptions, GrantStore, Verify } from '../../src/index.js'
import type { TestApp } from './app.js'
import { grantsIn } from './grant-modes.js'
import { Browser } from './http.js'
import { bodyOf, logInAs } from './login.js'
import { rotateRefreshTokens } from './rotating-provider.js'
import type { RotatingProvider } from './rotating-provider.js'
import { setScene } from './scene.js'
import type { ScriptedProvider } from './scripted-provider.js'

export const LIFETIMES = ['login', 'account'] as const
export const REVOCATION_ENDS = [undefined, 'grant', 'token'] as const

/** The one person of these tests, whichever account of theirs at the provider they use. */
export const ME = { account: 'me' }

/** The two options that decide what ends when. */
export interface EndingCase {
  readonly lifetime?: (typeof LIFETIMES)[number]
  readonly ends?: (typeof REVOCATION_ENDS)[number]
}

/** A provider that rotates refresh tokens, and applications in which everybody is the same person. */
export interface EndingScene {
  readonly provider: ScriptedProvider
  readonly rotating: RotatingProvider
  /** Starts an application. All of a test share a store of grants. */
  start(
    options: EndingCase,
    more?: Partial<AuthorizationCodeOptions>,
    sessions?: MemoryStore,
    verify?: Verify,
  ): Promise<TestApp>
  /** The refresh tokens that were revoked, sorted; waits until they are so many. */
  revoked(count: number): Promise<readonly string[]>
  /** How many refreshes the provider has received. */
  refreshes(): number
}

/** Sets the scene of a test file. To be called once, outside of all tests. */
export function setEndingScene(): EndingScene {
  const scene = setScene()
  let rotating: RotatingProvider
  let store: GrantStore

  beforeEach(() => {
    rotating = rotateRefreshTokens(scene.provider)
    store = createMemoryStore()
  })

  return {
    get provider() {
      return scene.provider
    },
    get rotating() {
      return rotating
    },
    start: ({ lifetime = 'login', ends }, more = {}, sessions = new MemoryStore(), verify) =>
      scene.start({
        store: sessions,
        ...(verify && { verify }),
        strategy: {
          revocationURL: rotating.revocationURL,
          grants: grantsIn(store),
          grantLifetime: lifetime,
          revocationEnds: ends,
          accountOf: () => ME.account,
          ...more,
        },
      }),
    async revoked(count) {
      const refreshTokens = (): readonly string[] =>
        rotating.revocations
          .filter(({ hint }) => hint === 'refresh_token')
          .map(({ token }) => token)
          .sort()
      while (refreshTokens().length < count) {
        await new Promise<void>((resolve) => {
          rotating.beforeRevoked = () => {
            resolve()
            return Promise.resolve()
          }
        })
      }
      return refreshTokens()
    },
    refreshes: () =>
      scene.provider
        .requestsTo('/token')
        .filter(({ body }) => body.includes('grant_type=refresh_token')).length,
  }
}

/** Logs in with an account at the provider. */
export async function logIn(app: TestApp, who = 'ada', browser = new Browser()): Promise<Browser> {
  const { status } = await logInAs(who, browser, app.loginURL)
  if (status !== 302) throw new Error(`The login ended with ${status}: ${app.errors.join()}`)
  return browser
}

/** What a request gets: an access token, or the error's code. */
export async function tokenOf(app: TestApp, browser: Browser): Promise<unknown> {
  const page = bodyOf(await browser.visit(`${app.origin}/token`))
  return page['accessToken'] ?? page['code']
}

/** What a job gets: an access token, or why there is none. */
export function forJobs({ strategy }: TestApp): Promise<unknown> {
  return strategy.accessToken(ME).catch((error: unknown) => (error as { reason?: unknown }).reason)
}

/** The refresh token that the provider has issued at one time, in a list. */
export function refreshTokens(number: number, who = 'ada'): readonly string[] {
  return [`refresh-token-${number}-of-${who}`]
}

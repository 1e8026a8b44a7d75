import { composeUseCases } from '../../src/passport/compose.js'
import { partsOf } from '../../src/grants/grants.js'
import { readOptionsAtStart } from '../../src/options/read-options-at-start.js'
import { strategyIdOf } from '../../src/options/read-options.js'
import { MemoryGrants } from '../../src/index.js'
import type { LoginRequest } from '../../src/index.js'
import { startSlowProvider } from './provider.js'

/** How large the herd is, and how fast the provider. */
export interface HerdOptions {
  readonly grants: number
  /** How many refreshes the provider answers per second. */
  readonly perSecond: number
}

/** What a herd has met. */
export interface HerdFigures {
  readonly grants: number
  readonly 'provider, answers/s': number
  readonly 'token requests': number
  readonly 'refresh tokens used twice': number
  readonly 'logins lost': number
  readonly 'most connections': number
  readonly 'errors while due': number
  readonly 'due token, slowest ms': number
  /** How many token requests had come when the last request with a valid token was served. */
  readonly 'due tokens served after, token requests': number
  readonly 'expired token: got one': number
  readonly 'expired token: told to wait': number
  readonly seconds: number
}

const SESSION_KEY = 'oauth2:oauth2'

/** The grants live so long, in **milliseconds**. */
const LIFETIME_MS = 60 * 60 * 1000

/**
 * Lets each grant be asked for once while its token is due but valid, and once more when it has expired for half of
 * them. At the end, everybody must have a new token, without a second login.
 */
export async function runHerd({ grants: count, perSecond }: HerdOptions): Promise<HerdFigures> {
  const provider = await startSlowProvider(perSecond)
  const grants = new MemoryGrants()
  const options = readOptionsAtStart({
    authorizationURL: 'https://login.example/authorize',
    tokenURL: provider.tokenURL,
    clientID: 'client-1',
    clientSecret: 'secret-1',
    callbackURL: 'https://app.example/auth/callback',
    grants,
  })
  const { accessToken, idle } = composeUseCases(options, () =>
    Promise.resolve({ user: {}, info: {} }),
  )
  const { engine } = partsOf(grants)
  const startedAt = performance.now()
  const people = Array.from({ length: count }, (_, number) => `person${number}`)
  // The first half is due and valid for half a minute more. The second half has expired.
  await Promise.all(
    people.map((name, number) =>
      engine.begin(name, {
        strategy: strategyIdOf(options.settings),
        tokens: {
          accessToken: `access.${name}.1`,
          refreshToken: `${name}.1`,
          tokenType: 'bearer',
          expiresAt: Date.now() + (number < count / 2 ? 30_000 : 0),
        },
        renewAt: Date.now(),
        lifetimeMs: LIFETIME_MS,
        of: { names: [] },
      }),
    ),
  )

  let slowestMs = 0
  let servedAfter = 0
  let errorsWhileDue = 0
  let waited = 0
  let served = 0
  await Promise.all(
    people.map(async (name, number) => {
      const isDue = number < count / 2
      const askedAt = performance.now()
      try {
        await accessToken(requestOf(name), {})
        if (!isDue) served += 1
      } catch {
        if (isDue) errorsWhileDue += 1
        else waited += 1
      }
      if (!isDue) return
      slowestMs = Math.max(slowestMs, performance.now() - askedAt)
      servedAfter = provider.requests()
    }),
  )
  await idle(10 * 60_000)
  const last = await Promise.allSettled(people.map((name) => accessToken(requestOf(name), {})))
  const alive = last.filter(
    (one, number) => one.status === 'fulfilled' && one.value === `access.person${number}.2`,
  )
  await provider.close()
  return {
    grants: count,
    'provider, answers/s': perSecond,
    'token requests': provider.requests(),
    'refresh tokens used twice': provider.reused(),
    'logins lost': count - alive.length,
    'most connections': provider.mostConnections(),
    'errors while due': errorsWhileDue,
    'due token, slowest ms': Math.round(slowestMs),
    'due tokens served after, token requests': servedAfter,
    'expired token: got one': served,
    'expired token: told to wait': waited,
    seconds: Math.round((performance.now() - startedAt) / 1000),
  }
}

/** A request whose session holds the grant. */
function requestOf(id: string): LoginRequest {
  const regenerate = (): void => undefined
  const session = { id, cookie: {}, regenerate, [SESSION_KEY]: { grant: id } }
  return { headers: {}, session, sessionID: id } as unknown as LoginRequest
}

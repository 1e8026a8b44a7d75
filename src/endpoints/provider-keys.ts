import type { JWK, JWSHeaderParameters, JWTVerifyGetKey } from 'jose'
import { hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { loadJose } from '../client/load-jose.js'
import { isObject, isTooDeep } from '../client/answer.js'
import { retryAfterMs } from '../client/retry-after.js'
import { rethrowAs } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { withoutEmpty } from '../client/without-empty.js'
import { DiscoveryError } from '../errors/errors.js'
import { failingSince } from '../errors/failing-since.js'
import { systemClock, wait } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { doublingPause } from '../lib/doubling-pause.js'
import { parsedJson } from '../lib/parsed-json.js'
import { createSingleFlight } from '../lib/single-flight.js'
import type { JwtSender } from './expected-jwt.js'

/** The keys that the provider had published at one moment. */
export interface PublishedKeys {
  /**
   * Those with this `kid`, or all if there is none. Each is given for the algorithm of a JWT, or throws jose's
   * `JWKSNoMatchingKey` if it is not for that.
   */
  readonly named: (kid: string | undefined) => readonly JWTVerifyGetKey[]
  /** Whether one of them has this `kid`. */
  readonly has: (kid: string) => boolean
  /** When they were asked for, in monotonic **milliseconds**. */
  readonly requestedAt: number
}

/** A JWT that none of the known keys has signed. */
export interface UnknownSigner {
  readonly header: JWSHeaderParameters
  readonly sender: JwtSender
  /** When its verification began, in monotonic **milliseconds**. */
  readonly since: number
}

/**
 * The provider's keys. They are kept for 10 minutes. If they cannot be loaded after that, those that were loaded last are used on, however old they are,
 * and loading them is tried again after pauses.
 *
 * WARNING: a key that the provider has withdrawn is therefore used for as long as its keys cannot be loaded.
 *
 * @see [OpenID Connect Core, section 10.1.1 - Rotation of Asymmetric Signing Keys](https://openid.net/specs/openid-connect-core-1_0.html#RotateSigKeys)
 */
export interface ProviderKeys {
  /**
   * The keys, loaded if necessary; those that were loaded last if that fails.
   *
   * @throws {DiscoveryError} if they cannot be loaded, and never were
   */
  readonly current: (sender: JwtSender) => Promise<PublishedKeys>

  /**
   * The keys that the provider has now, because it may have changed them. `undefined` if they have been loaded since
   * the verification began. `named` is the same function as before if the provider has the same keys as before.
   *
   * For a JWT of the provider, they are loaded each time. What anyone may send loads them once in 5 seconds for each `kid`, and once
   * in a second for all of them: JWTs with different made-up names wait for the same request.
   *
   * @throws {DiscoveryError} if they cannot be loaded; it says since when, if older ones are known
   */
  readonly newer: (signer: UnknownSigner) => Promise<PublishedKeys | undefined>
}

/** How long keys are used, in **milliseconds**. */
const KEPT_MS = 10 * 60_000

/**
 * How long the name of a key that was not found is not looked for again, if anyone may have sent it, in
 * **milliseconds**. It is short, because somebody may send the name of a key just before it is published.
 */
const NOT_FOUND_MS = 5_000

/** The least time between two requests that anyone can cause, in **milliseconds**. */
const SPACING_MS = 1_000

/** The pauses between attempts to load keys while older ones are used, in **milliseconds**. */
const PAUSES = { firstMs: 1_000, longestMs: 30_000 }

/** How many keys of one set are used: the first ones. */
const MAXIMUM_KEYS = 100

/** How many names are remembered that were looked for. */
const MAXIMUM_NAMES = 1_000

/**
 * The keys that `read` loads.
 *
 * @param read see {@link readKeySet}
 */
export function createProviderKeys(
  read: () => Promise<readonly unknown[]>,
  clock: Clock = systemClock,
  random: () => number = Math.random,
): ProviderKeys {
  const loading = createSingleFlight<PublishedKeys>()
  const lookedFor = new Map<string, { readonly at: number; readonly loaded: Promise<unknown> }>()
  let published: PublishedKeys | undefined
  // If the provider publishes the same keys again, nothing is made or verified anew.
  let jwks: readonly JWK[] = []
  let finders: Finders = { named: () => [], has: () => false }
  let requestedAt = -Infinity
  let failing: Failing | undefined

  /** Joins the request that is under way. */
  async function load(sender: JwtSender): Promise<PublishedKeys> {
    const waitMs = requestedAt + SPACING_MS - clock.monotonic()
    if (sender === 'anyone' && waitMs > 0) await wait(clock, waitMs)
    return loading('keys', async () => {
      requestedAt = clock.monotonic()
      const newest = usableKeys(await read().catch(noteFailure))
      failing = undefined
      if (!isDeepStrictEqual(newest, jwks)) {
        finders = await findersOf(newest)
        jwks = newest
      }
      published = { ...finders, requestedAt }
      return published
    })
  }

  function noteFailure(error: unknown): never {
    const attempts = (failing?.attempts ?? 0) + 1
    const pauseMs = Math.max(
      doublingPause(attempts, PAUSES, random),
      (error instanceof DiscoveryError ? error.retryAfterMs : undefined) ?? 0,
    )
    const since = failing?.since ?? clock.now()
    failing = { attempts, since, until: clock.monotonic() + pauseMs }
    throw published !== undefined && error instanceof DiscoveryError
      ? failingSince(error, { since })
      : error
  }

  /** Those that were loaded last, while no others can be loaded. Only the first who finds that out waits for it. */
  async function lastKnown(sender: JwtSender, last: PublishedKeys): Promise<PublishedKeys> {
    if (failing === undefined) return load(sender).catch(() => last)
    if (clock.monotonic() >= failing.until) load(sender).catch(() => undefined)
    return last
  }

  /** A request that was under way before may have been answered before the keys were changed. */
  async function loadedSince(since: number, sender: JwtSender): Promise<PublishedKeys> {
    let keys = await load(sender)
    while (keys.requestedAt < since) keys = await load(sender)
    return keys
  }

  /** Whoever looks for the same name meanwhile waits for the same keys, also after they have come. */
  function lookFor(name: string, since: number): Promise<unknown> {
    const before = lookedFor.get(name)
    const now = clock.monotonic()
    if (before !== undefined && now < before.at + NOT_FOUND_MS) return before.loaded
    const loaded = loadedSince(since, 'anyone')
    lookedFor.delete(name)
    lookedFor.set(name, { at: now, loaded })
    const [oldest] = lookedFor.keys()
    if (oldest !== undefined && lookedFor.size > MAXIMUM_NAMES) lookedFor.delete(oldest)
    // What could not be loaded may be looked for again.
    loaded.catch(() => lookedFor.delete(name))
    return loaded
  }

  return {
    async current(sender) {
      if (published === undefined) return load(sender)
      const isFresh = clock.monotonic() < published.requestedAt + KEPT_MS
      return isFresh ? published : lastKnown(sender, published)
    },

    async newer({ header, sender, since }) {
      if (published !== undefined && published.requestedAt >= since) return undefined
      if (sender === 'provider') return loadedSince(since, sender)
      // Hashed, because the name may be as long as a request.
      await lookFor(hash('sha256', String(header.kid), 'base64url'), since)
      return published
    },
  }
}

/** Attempts to load the keys that have failed, one after the other. */
interface Failing {
  readonly attempts: number
  /** When the first one has failed, in **milliseconds since the epoch**. */
  readonly since: number
  /** When the next one may be made while older keys are used, in monotonic **milliseconds**. */
  readonly until: number
}

/** How deep the members of a key may be nested. */
const KEY_DEPTH = 4

/** What is no key, or should be secret, is left out: the other keys are usable. */
function usableKeys(set: readonly unknown[]): readonly JWK[] {
  return set
    .filter((key) => isObject(key) && !isTooDeep(key, KEY_DEPTH))
    .map((key) => withoutEmpty(key) as JWK)
    .filter((key) => !('d' in key))
    .slice(0, MAXIMUM_KEYS)
}

type Finders = Pick<PublishedKeys, 'named' | 'has'>

async function findersOf(jwks: readonly JWK[]): Promise<Finders> {
  const { createLocalJWKSet } = await loadJose()
  const keys = jwks.map((key) => ({ kid: key.kid, find: createLocalJWKSet({ keys: [key] }) }))
  return {
    named: (kid) =>
      keys.filter((key) => kid === undefined || key.kid === kid).map(({ find }) => find),
    has: (kid) => keys.some((key) => key.kid === kid),
  }
}

/**
 * Loads a JWK Set.
 *
 * @throws {DiscoveryError} if it cannot be loaded, or is none
 * @see [RFC 7517, section 5 - JWK Set Format](https://www.rfc-editor.org/rfc/rfc7517.html#section-5)
 */
export async function readKeySet(url: string, transport: Transport): Promise<readonly unknown[]> {
  const headers = { accept: 'application/json, application/jwk-set+json' }
  const answer = await transport
    .send({ method: 'GET', url, headers })
    .catch(rethrowAs(DiscoveryError, "The provider's keys could not be read", 'keys'))
  const { status, text } = answer
  if (status !== 200) {
    throw new DiscoveryError(`The provider's keys could not be read: HTTP ${status}.`, {
      phase: 'keys',
      httpStatus: status,
      retryAfterMs: retryAfterMs(answer),
    })
  }
  const { keys } = Object(parsedJson(text)) as { readonly keys?: readonly unknown[] }
  if (Array.isArray(keys)) return keys as readonly unknown[]
  throw new DiscoveryError("The provider's keys are not a JSON Web Key Set.", {
    phase: 'keys',
    httpStatus: status,
  })
}

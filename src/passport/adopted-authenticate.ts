import { ConfigurationError } from '../errors/setup-errors.js'
import { settled } from '../lib/settled.js'
import type { Donor } from './donor.js'

/** A refusal by the donor's own `authenticate`. */
export class DonorRefusal extends Error {
  constructor(
    readonly challenge: unknown,
    readonly status: unknown,
  ) {
    super('The strategy refused the login.')
  }
}

/** The donor's own code has sent the browser elsewhere. */
export class DonorRedirect extends Error {
  constructor(readonly url: string) {
    super('The strategy sends the browser elsewhere.')
  }
}

/**
 * Gives a stand-in the methods by which strategies of Passport end a login: also `userProfile` and `verify` may call them.
 *
 * @param done of the hook that runs
 */
export function endBy(
  standIn: Donor,
  done: (error?: unknown, user?: unknown, info?: unknown) => void,
): void {
  define(standIn, {
    success: (user: unknown, info: unknown) => done(null, user, info),
    pass: () => done(unsupported(standIn, 'leaves a request to other strategies', 'pass')),
    error: (error: unknown) => done(error ?? new Error('The strategy failed.')),
    fail: (challenge: unknown, status: unknown) => done(new DonorRefusal(challenge, status)),
    redirect: (url: string) => done(new DonorRedirect(url)),
  })
}

/** What `authorizationParams` was called with, and has returned. */
export interface HookedParameters {
  readonly options: object
  readonly parameters: unknown
}

/**
 * Stands in for a donor during one login, as Passport has an object for each request. It inherits everything, and what the
 * donor's code sets on `this` stays with this login.
 */
export function standInFor(donor: Donor): Donor {
  return Object.create(donor) as Donor
}

/** What a strategy may not change of its client for each request. */
const FIXED_OF_CLIENT = [
  '_accessTokenUrl',
  '_authorizeUrl',
  '_clientId',
  '_clientSecret',
  '_customHeaders',
] as const

/**
 * Runs the donor's own `authenticate` until it calls that of passport-oauth2, which then finds nothing to do: the login is
 * ours. What it sets on `this`, such as another `_verify`, stays there.
 *
 * @returns what `authorizationParams` was called with and has returned; `undefined` if it was not called
 * @throws {DonorRefusal} if it has refused the login
 * @throws {ConfigurationError} if it does not call that of passport-oauth2 before it returns, or replaces what the library does
 *   itself, such as the endpoints or `this.success`
 * @throws what it throws, or has passed to `this.error`
 */
export function runAuthenticate(
  standIn: Donor,
  req: object,
  options: object,
): HookedParameters | undefined {
  let hooked: HookedParameters | undefined
  let isReached = false as boolean
  const failures: unknown[] = []
  const reach = (): void => void (isReached = true)
  const end = (error: unknown): void => {
    // passport-oauth2 itself says nothing that counts here.
    if (!isReached) failures.push(error)
  }
  const client = Object.create(standIn._oauth2, {
    getOAuthAccessToken: { value: reach },
  }) as Donor['_oauth2']
  const idle = {
    authorizationParams(given: object): object {
      reach()
      const parameters = (Object.getPrototypeOf(standIn) as Donor).authorizationParams.call(
        standIn,
        given,
      )
      hooked = { options: { ...given }, parameters }
      return { ...Object(parameters) } as object
    },
    // passport-oauth2 counts the parameters of these methods. It stores no state, and goes on with no callback.
    _stateStore: { store: (_req: object, _done: unknown) => undefined, verify: verifier(reach) },
    _oauth2: client,
    redirect: () => undefined,
    success: () => end(unsupported(standIn, 'logs people in itself')),
    pass: () => end(unsupported(standIn, 'leaves requests to other strategies')),
    error: end,
    fail: (challenge: unknown, status: unknown) => end(new DonorRefusal(challenge, status)),
  }
  define(standIn, idle)
  try {
    settled(standIn.authenticate(req, options))
    if (failures.length > 0) throw failures[0]
    const changed = changedBy(standIn, idle)
    // It may be there to let nobody in but some: without it, everybody would be.
    if (changed !== undefined) throw unsupported(standIn, `replaces this.${changed}`)
    if (!isReached) throw unsupported(standIn, 'does not call that of passport-oauth2 at once')
  } finally {
    // Whoever calls it later still ends nowhere: no code is sent a second time, and nothing is thrown in a timer.
    for (const name of ['authorizationParams', '_oauth2']) Reflect.deleteProperty(standIn, name)
  }
  return hooked
}

/** What the donor's code has replaced on `this` that is not used as it is there. */
function changedBy(standIn: Donor, idle: Readonly<Record<string, unknown>>): string | undefined {
  const original = Object.getPrototypeOf(standIn) as Donor
  const own = standIn as unknown as Readonly<Record<string, unknown>>
  const replaced = Object.keys(idle).find((name) => name !== '_oauth2' && own[name] !== idle[name])
  if (replaced !== undefined) return replaced
  if (standIn._scopeSeparator !== original._scopeSeparator) return '_scopeSeparator'
  const [used, usual] = [standIn._oauth2, original._oauth2] as unknown as [
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>,
  ]
  const ofClient = FIXED_OF_CLIENT.find((name) => used[name] !== usual[name])
  return ofClient && `_oauth2.${ofClient}`
}

/** Sets members of a stand-in, also where those that it inherits cannot be written. */
function define(standIn: Donor, members: object): void {
  for (const [name, value] of Object.entries(members) as [string, unknown][]) {
    Object.defineProperty(standIn, name, { value, configurable: true, writable: true })
  }
}

function verifier(reach: () => void): (_req: object, _state: unknown, _done: unknown) => void {
  return (_req, _state, _done) => reach()
}

function unsupported({ name }: Donor, what: string, override = 'authenticate'): ConfigurationError {
  const way =
    override === 'authenticate'
      ? ` If that is not needed, adopt(strategy, { ignoreOverrides: ['authenticate'] }) leaves it out.`
      : ''
  return new ConfigurationError(
    `${override} of the strategy '${name}' ${what}, which adopt does not support.${way}`,
    'donor',
  )
}

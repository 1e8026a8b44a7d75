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

/** What a strategy may not change for each request. */
const FIXED = ['_authorizeUrl', '_accessTokenUrl', '_clientId', '_clientSecret'] as const

/**
 * Runs the donor's own `authenticate` until it calls that of passport-oauth2, which then finds nothing to do: the login is
 * ours. What it sets on `this`, such as another `_verify`, stays there.
 *
 * @returns what `authorizationParams` was called with and has returned; `undefined` if it was not called
 * @throws {DonorRefusal} if it has refused the login
 * @throws {ConfigurationError} if it does not call that of passport-oauth2 before it returns, or changes the endpoints
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
  Object.assign(standIn, idle)
  try {
    settled(standIn.authenticate(req, options))
    if (failures.length > 0) throw failures[0]
    if (!isReached) throw unsupported(standIn, 'does not call that of passport-oauth2 at once')
    const { _oauth2: original } = Object.getPrototypeOf(standIn) as Donor
    const used = standIn._oauth2 as unknown as Record<string, unknown>
    const changed = FIXED.find((name) => used[name] !== (original as never)[name])
    if (changed !== undefined)
      throw unsupported(standIn, `changes _oauth2.${changed} for a request`)
  } finally {
    // Whoever calls it later still ends nowhere: no code is sent a second time, and nothing is thrown in a timer.
    for (const name of ['authorizationParams', '_oauth2']) Reflect.deleteProperty(standIn, name)
  }
  return hooked
}

function verifier(reach: () => void): (_req: object, _state: unknown, _done: unknown) => void {
  return (_req, _state, _done) => reach()
}

function unsupported({ name }: Donor, what: string): ConfigurationError {
  return new ConfigurationError(
    `authenticate of the strategy '${name}' ${what}, which adopt does not support. If that is not needed, adopt(strategy, { ignoreOverrides: ['authenticate'] }) leaves it out.`,
    'donor',
  )
}

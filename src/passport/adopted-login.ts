import { ProfileError } from '../errors/provider-errors.js'
import { systemClock, within } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { Verified } from '../login/accepted-login.js'
import type { LoginOptions } from '../login/login-options.js'
import type { Profile } from '../options/profile.js'
import { endBy, runAuthenticate, standInFor } from './adopted-authenticate.js'
import type { AdoptedClient, DonorTokens } from './adopted-client.js'
import { hookedAuthorization, sentParameters } from './adopted-parameters.js'
import { donorResponseIn } from './adopted-response.js'
import { callVerify } from './adopted-verify.js'
import type { Donor } from './donor.js'
import type { KnownOverrides } from './donor-overrides.js'
import type { ProfileLoads } from './hooked-profile.js'
import type { LoginHooks } from './login-hooks.js'
import type { VerifiedLogin } from './verify.js'

/** What the logins of an adopted strategy need. */
export interface AdoptedLoginParts {
  readonly donor: Donor
  readonly overrides: KnownOverrides
  readonly client: AdoptedClient
  readonly profileLoads: ProfileLoads
  /** How long a hook may take to load a profile, in **milliseconds**. */
  readonly profileTimeoutMs: number
}

/** One login, between its token request and `verify`. */
interface LoginUnderWay {
  readonly standIn: Donor
  readonly tokens?: DonorTokens
  readonly profile?: unknown
}

/** Runs the donor's code in the logins of an adopted strategy. */
export interface AdoptedLogins {
  readonly hooks: LoginHooks
  /** Calls the donor's `verify`. */
  verify(login: VerifiedLogin): Promise<Verified>
}

/** Creates {@link AdoptedLogins}. */
export function createAdoptedLogins(parts: AdoptedLoginParts): AdoptedLogins {
  const { donor, overrides } = parts
  const underWay = new WeakMap<LoginRequest, LoginUnderWay>()

  const standInOf = (req: LoginRequest): Donor => underWay.get(req)?.standIn ?? standInFor(donor)

  return {
    hooks: {
      authorization(req, options) {
        const standIn = standInFor(donor)
        const given = { ...options }
        const hooked = (overrides.authenticate
          ? runAuthenticate(standIn, withoutResponse(req), given)
          : undefined) ?? { options: given, parameters: standIn.authorizationParams(given) }
        return hookedAuthorization(hooked, options, standIn, donor)
      },

      token(req, options) {
        const standIn = standInFor(donor)
        underWay.set(req, { standIn })
        const given: LoginOptions = { ...options }
        if (overrides.authenticate) runAuthenticate(standIn, req, given)
        return sentParameters(standIn.tokenParams(given))
      },

      async profile(req, accessToken, tokenResponse) {
        const standIn = standInOf(req)
        const { tokens, profile } = await inTime(async () => {
          const read = await parts.client.readTokens(donorResponseIn(tokenResponse, accessToken))
          const loaded = await parts.profileLoads.load(accessToken, (done) => {
            endBy(standIn, (error) => done(error ?? new Error('userProfile has ended the login.')))
            return standIn._loadUserProfile(read.accessToken, (error, one) =>
              done(error, one as Profile | undefined),
            )
          })
          return { tokens: read, profile: loaded }
        }, parts)
        underWay.set(req, { standIn, tokens, profile })
        return personIn(profile)
      },
    },

    async verify(login) {
      const req = login.req as LoginRequest
      const { tokens, profile = login.profile } = underWay.get(req) ?? {}
      const read = tokens ?? {
        accessToken: login.tokens.accessToken,
        refreshToken: login.tokens.refreshToken,
        parameters: donorResponseIn(login.tokenResponse, login.tokens.accessToken),
      }
      return callVerify(standInOf(req), { req, ...read, profile })
    },
  }
}

/** The profile for the library, which needs an id that is a text. `verify` gets what the hook has loaded. */
function personIn(loaded: unknown): Profile | undefined {
  if (typeof loaded !== 'object' || loaded === null) return undefined
  const { id } = loaded as { readonly id?: unknown }
  const text = typeof id === 'number' ? String(id) : id
  return { ...loaded, ...(text !== id && { id: text }) } as Profile
}

/** @throws {ProfileError} if the hook has not called back when the time is up */
async function inTime<Value>(
  load: () => Promise<Value>,
  { donor, profileTimeoutMs }: AdoptedLoginParts,
): Promise<Value> {
  const late = (): never => {
    throw new ProfileError(
      `The profile could not be loaded: userProfile of the strategy '${donor.name}' did not call back within ${profileTimeoutMs} ms.`,
      { phase: 'profile' },
    )
  }
  return within(systemClock, profileTimeoutMs, load(), late)
}

/**
 * The request without the parameters of a response, for which passport-oauth2 would finish a login. What a donor's
 * `authenticate` sets on it is gone after the redirect anyway.
 */
function withoutResponse(req: LoginRequest): LoginRequest {
  const { query, body } = req as { readonly query?: unknown; readonly body?: unknown }
  return Object.create(req, {
    query: { value: left(query), writable: true },
    body: { value: left(body), writable: true },
  }) as LoginRequest
}

function left(parameters: unknown): unknown {
  if (typeof parameters !== 'object' || parameters === null) return parameters
  const others = Object.entries(parameters).filter(([name]) => name !== 'code' && name !== 'error')
  return Object.fromEntries(others)
}

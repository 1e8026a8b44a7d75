import type { Request, Response } from 'express'
import { isResponse, readResponseParameters } from '../endpoints/authorization-response.js'
import type { LoginOptions } from '../login/login-options.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import { readTable } from '../options/option-table.js'
import { texts } from '../options/readers.js'
import { withoutUndefined } from '../lib/without-undefined.js'
import { DonorRedirect, DonorRefusal } from './adopted-authenticate.js'
import { adoptClient } from './adopted-client.js'
import type { AdoptedClient } from './adopted-client.js'
import { createAdoptedLogins } from './adopted-login.js'
import type { AdoptedLogins } from './adopted-login.js'
import { adoptedTokenResponse } from './adopted-response.js'
import { knownDonor } from './donor.js'
import type { Donor, DonorStrategy } from './donor.js'
import { donorOptions, replacesAuthenticate } from './donor-options.js'
import { readOverrides } from './donor-overrides.js'
import type { KnownOverrides } from './donor-overrides.js'
import { endFragment, hasFragment } from './inherited-fragment.js'
import type { LoginHooks } from './login-hooks.js'
import type { PassportActions } from './passport-actions.js'
import { AuthorizationCodeStrategy } from './strategy.js'
import { infoIn } from './verified.js'
import type { VerifyDone } from './verified.js'
import type { VerifiedLogin, Verify } from './verify.js'

/** The options of {@link adopt}: those of the strategy, in place of the donor's, and one more. */
export interface AdoptOptions extends Partial<AuthorizationCodeOptions> {
  /**
   * Overrides of the donor that are left out, such as `['_oauth2.getOAuthAccessToken']`: the library does what they do in its own
   * way, by its own options. `adopt` refuses a donor with an override that it does not support, and names it.
   *
   * @default none
   */
  readonly ignoreOverrides?: readonly string[] | undefined
}

/**
 * Makes a strategy of this library from one of npm's that extend passport-oauth2, such as passport-google-oauth20: with its
 * endpoints, credentials, scope, parameters and headers, its profile and its `verify`. People log in as before, and their
 * tokens are kept, renewed and ended as those of {@link AuthorizationCodeStrategy}.
 *
 * The donor's hooks (`userProfile`, `authorizationParams`, `tokenParams`) run with the `this` that they expect. Requests of its
 * `_oauth2` go out like all others: with limits of time and size, through the `dispatcher`, and the access token in a
 * header. `verify` is called as its parameters and `passReqToCallback` require. `state` and PKCE are always on, so the
 * donor's options for them do not matter. Use the donor for nothing else afterwards.
 *
 * @example
 * ```ts
 * import { adopt, MemoryGrants } from 'passport-authorization-code'
 * import type { DonorStrategy } from 'passport-authorization-code'
 *
 * function keepFresh(googleStrategy: DonorStrategy) {
 *   const strategy = adopt(googleStrategy, { grants: new MemoryGrants() })
 *   passport.use(strategy)
 *   return strategy
 * }
 * ```
 *
 * @param donor a strategy, created as its own documentation says
 * @param options replace what the donor was created with, and add what only this library has, such as `grants`
 * @throws {ConfigurationError} if the donor does not extend passport-oauth2, overrides something that is not supported, or has
 *   been adopted before; or naming the option that is missing or cannot be used, such as `callbackURL` if the donor's is
 *   relative
 */
export function adopt(
  donor: DonorStrategy,
  options: AdoptOptions = {},
): AuthorizationCodeStrategy<Express.User & object> {
  const known = knownDonor(donor)
  const { ignoreOverrides, ...replacing } = options
  const own = readTable(OWN_OPTIONS, { ignoreOverrides }, 'adopt(strategy, { grants })')
  const overrides = readOverrides(known, own.ignoreOverrides, replacesAuthenticate(known))
  const client = adoptClient(known.donor._oauth2, overrides.getOAuthAccessToken)
  const settings = {
    ...donorOptions(known.donor, overrides, replacing, client.clientSecret),
    ...withoutUndefined(replacing),
  }
  const read = overrides.parseErrorResponse ? known.donor : undefined
  const parseTokenResponse = adoptedTokenResponse(settings.parseTokenResponse, read)
  const all = withoutUndefined({ ...settings, parseTokenResponse }) as AuthorizationCodeOptions
  return new AdoptedStrategy(all, { donor: known.donor, overrides, client })
}

const OWN_OPTIONS = { ignoreOverrides: { read: texts, default: [] } } as const

/** A donor with what is known of it. */
interface Adopted {
  readonly donor: Donor
  readonly overrides: KnownOverrides
  readonly client: AdoptedClient
}

/** Whatever the donor's `verify` returns. */
type AdoptedUser = Express.User & object

/** A strategy whose hooks and `verify` are a donor's. */
class AdoptedStrategy extends AuthorizationCodeStrategy<AdoptedUser> {
  declare private readonly logins: AdoptedLogins
  declare private readonly endsFragment: boolean

  constructor(options: AuthorizationCodeOptions, { donor, overrides, client }: Adopted) {
    const verify = async (login: VerifiedLogin, done: VerifyDone): Promise<false> => {
      const { user, info } = await logins.verify(login)
      // Where passport-oauth2 has it.
      const state = login.appState === undefined ? {} : { state: login.appState }
      done(null, user, { ...state, ...info })
      return false
    }
    super(options, verify as Verify<AdoptedUser>)
    const { profileLoads } = this
    const profileTimeoutMs = 2 * (options.timeoutMs ?? 10_000)
    const logins = createAdoptedLogins({ donor, overrides, client, profileLoads, profileTimeoutMs })
    client.connect(this.useCases.transport, this.useCases.resources, profileLoads)
    // Not enumerable, because the donor has the client's credentials.
    Object.defineProperties(this, {
      logins: { value: logins },
      endsFragment: { value: hasFragment(this.name, options.authorizationURL) },
    })
  }

  override authenticate(req: Request, options: LoginOptions = {}): void {
    const { fail, error, redirect } = this as unknown as PassportActions
    const strategy: AdoptedStrategy = Object.assign(Object.create(this) as AdoptedStrategy, {
      error: (failure: unknown) => {
        if (failure instanceof DonorRefusal) {
          fail(infoIn(failure.challenge), Number(failure.status ?? 403))
        } else if (failure instanceof DonorRedirect) redirect(failure.url)
        else error(failure)
      },
    } satisfies Partial<PassportActions>)
    if (this.endsFragment && req.res !== undefined && isCallback(req, options)) {
      endFragment(req.res as Response)
    }
    super.authenticate.call(strategy, req, options)
  }

  protected override loginHooks(): LoginHooks {
    return this.logins.hooks
  }
}

function isCallback(req: Request, { step }: LoginOptions): boolean {
  return step !== 'start' && isResponse(readResponseParameters(req))
}

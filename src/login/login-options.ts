import type { Parameters } from '../options/parameters.js'
import type { AuthorizationDetail } from '../options/token-set.js'

/** Options of `passport.authenticate(name, options)`, in addition to Passport's own. */
export interface LoginOptions {
  /** The scope of this login, instead of the strategy's. */
  readonly scope?: string | readonly string[] | undefined
  /** The callback URL of this login, instead of the strategy's; absolute. */
  readonly callbackURL?: string | undefined
  /** Further parameters of this authorization request. */
  readonly authorizationParameters?: Parameters | undefined
  /** For this login, instead of the strategy's: how old the person's authentication may be, in **seconds**. */
  readonly maxAgeSeconds?: number | undefined
  /** For this login, instead of the strategy's: the accepted ways of authentication. */
  readonly acrValues?: readonly string[] | undefined
  /** For this login, instead of the strategy's: the details of the request (RFC 9396). */
  readonly authorizationDetails?: readonly AuthorizationDetail[] | undefined
  /**
   * Which half of the login this route is for.
   *
   * @default 'finish' for a request with `state`, `code`, `error` or `response` among its parameters, otherwise 'start'
   */
  readonly step?: 'start' | 'finish' | undefined
  /** Passport's own: where the browser goes if the callback is loaded again after it has succeeded. */
  readonly successRedirect?: string | undefined
  /** Passport's own: `false` keeps login and tokens out of the session. */
  readonly session?: boolean | undefined
  /** Passport's own, set by `passport.authorize`: `req.user` does not change. */
  readonly assignProperty?: string | undefined
}

import type { JSONWebKeySet } from 'jose'
import type { ResourceClient } from '../client/requests.js'
import type { Transport } from '../client/transport.js'
import type { Diagnostics } from '../diagnostics/watch.js'
import type { ReadProfile } from '../endpoints/profile.js'
import type { Refusal } from '../grants/ask.js'
import type { ListGrants } from '../grants/list-grants.js'
import type { LoginCheck } from '../grants/login-check.js'
import type { GrantJobs, Listing } from '../grants/strategy-jobs.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { EndLoginHere } from '../login/end-login-here.js'
import type { FinishLogin } from '../login/finish-login.js'
import type { LogOutOptions } from '../options/log-out-options.js'
import type { StartLogin } from '../login/start-login.js'
import type { StepUp } from '../login/step-up.js'
import type { Holder } from '../options/holder.js'
import type { TokenSet } from '../options/token-set.js'
import type { AccessTokenOptions } from './token-use.js'

/** What one strategy can do: its use cases, with everything they need built in and with diagnostics around them. */
export interface UseCases {
  readonly startLogin: StartLogin
  readonly finishLogin: FinishLogin
  readonly stepUp: StepUp
  /** What besides 401 says that an API has refused the token. @throws {ConfigurationError} if the option fails */
  readonly isTokenRefused: (answer: Response) => Promise<boolean>
  readonly logOut: (request: LoginRequest, options: LogOutOptions) => Promise<string | undefined>
  /** @param except a request whose login goes on */
  readonly endGrant: (holder: Holder, except?: LoginRequest) => Promise<number>
  /** Ends what a login of another strategy has replaced at the same provider. */
  readonly endReplaced: (account: string) => Promise<number>
  readonly listGrants: ListGrants
  /** What this strategy does for the jobs of its grants, which hold it weakly: it is here so that it lives as long. */
  readonly jobs: GrantJobs | undefined
  /** Whether the jobs of its grants know the strategy. */
  readonly listing: Listing
  /** Whether logins have ended, for {@link requireLogin}. */
  readonly loginCheck: LoginCheck
  /** Takes note of the request's session store, in which sessions of others can be ended. */
  readonly noteRequest: (request: LoginRequest) => void
  readonly backchannelLogout: (request: LoginRequest) => Promise<void>
  /** `undefined` without the option of that name. */
  readonly frontchannelLogout: ((request: LoginRequest) => Promise<boolean>) | undefined
  /** Where the pages of the provider are that load a frame for it. */
  readonly logoutOrigins: () => Promise<readonly string[]>
  /** The profile that belongs to an access token, from `profileURL`. */
  readonly requestProfile: ReadProfile
  readonly tokens: (holder: Holder) => Promise<TokenSet | undefined>
  readonly accessToken: (holder: Holder, options: AccessTokenOptions) => Promise<string>
  /** See `FetchParts.replacementFor`. */
  readonly replacementFor: (
    holder: Holder,
    options: AccessTokenOptions & { readonly refused: string; readonly refusal: Refusal },
  ) => Promise<string | undefined>
  /**
   * Resolves when no renewal, no revocation and no logout of the provider is under way, or the time is up: to the number of
   * those that still are.
   */
  readonly idle: (timeoutMs: number) => Promise<number>
  readonly resources: ResourceClient
  readonly transport: Transport
  readonly diagnostics: Diagnostics
  /** Lets other strategies end what this one has in a session when they log out of it. */
  readonly endLogin: EndLoginHere
  /** Lets other strategies end what this one has in a session that another login replaces. */
  readonly endReplacedLogin: EndLoginHere
  /** The public keys of the client, in one set; `undefined` if it has no keys. */
  readonly publicKeys: (() => Promise<JSONWebKeySet>) | undefined
}

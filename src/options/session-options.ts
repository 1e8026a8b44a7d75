import type { GrantRefusal } from './grant-refusal.js'
import { storedGrants } from './grants-option.js'
import type { OptionTable } from './option-table.js'
import type { PendingLoginStore } from './pending-login-store.js'
import {
  aFunction,
  flag,
  oneOf,
  orFunction,
  positive,
  secrets,
  text,
  texts,
  withMethods,
} from './readers.js'

/** The options for what is stored of a login, where, and for how long. */
export const SESSION_OPTIONS = {
  /**
   * The property of `req.session` in which this strategy keeps its data. Each strategy needs its own.
   *
   * @default `oauth2:` followed by the name
   */
  sessionKey: {
    read: text,
    defaultFrom: ({ name = 'oauth2' }) => `oauth2:${String(name)}`,
  },

  /**
   * The tenant whose people log in by this strategy, in an application with many tenants, each with an issuer of its own
   * choice. `strategyPerTenant` sets it, and a `name` that no other tenant has. What another tenant's provider says then counts
   * for nobody here, even if that tenant has the same issuer and `clientID`: its logouts end no session of this tenant. And a
   * grant that survives logging out is not found for a person who is logged in by another way, because another tenant's
   * provider may have chosen their account.
   *
   * @default the strategy is not one of a tenant
   */
  tenant: { read: text },

  /**
   * The properties of `req.session` that are copied to the new session when login and logout change its id, such
   * as a shopping cart. All others are lost.
   *
   * @default []
   */
  keepSession: { read: texts, default: [] },

  /**
   * Encrypts the tokens in the session: a secret of at least 32 characters. To replace a secret, pass a list: the
   * first one encrypts, and all of them decrypt, as with express-session's `secret`.
   *
   * @default the tokens are not encrypted
   */
  tokenSecret: { read: secrets, refuseUnset: true },

  /**
   * An access token is renewed this long before it expires, in **seconds**, but at most half of its lifetime before.
   * The renewal runs in the background: until the token expires, requests use it without waiting.
   *
   * @default 60 (1 minute)
   */
  refreshBeforeSeconds: { read: positive, default: 60 },

  /**
   * Whether to log in without loading the profile. With an ID token, the profile is then made from its claims. A function
   * receives the access token and decides for each login.
   *
   * @default false
   */
  skipUserProfile: {
    read: orFunction<boolean, (accessToken: string) => boolean | Promise<boolean>>(flag),
    default: false,
  },

  /** Where pending logins are stored, such as `cookiePendingLogins({ secret })`. @default the session */
  pendingLogins: { read: withMethods<PendingLoginStore>('put', 'take') },

  /**
   * How long a login may take, from the redirect to the callback, in **milliseconds**. Applies to pending logins in
   * the session; a store in `pendingLogins` has a lifetime of its own.
   *
   * @default 600_000 (10 minutes)
   */
  pendingLoginLifetimeMs: { read: positive, default: 600_000 },

  /**
   * Where the tokens are stored, such as a `RedisGrants`: each session then holds only the id of its grant, and all
   * processes, requests and jobs that share the store refresh a token exactly once. Turning it on logs nobody out.
   *
   * @default the session, for an application that runs as one process
   */
  grants: { read: storedGrants },

  /**
   * How long a grant lives. With `login`, each login makes a grant, and logging out ends it. With `account`, a person
   * has one grant at each account of theirs at the provider, which survives logging out: for jobs that call an API while
   * nobody is there. Needs `grants`, and an account id of each person, see `accountOf`.
   *
   * @default 'login'
   */
  grantLifetime: { read: oneOf('login', 'account'), default: 'login' },

  /**
   * Your own id of the person who has logged in: a string or a number, or `undefined` for none. Grants in a store are
   * listed under it, and jobs pass it as `{ account }`. It must be unique in your application: two users with the same
   * id share their tokens. A person's id at a provider is unique at that provider only.
   *
   * @default the user's `account` if a strategy without `verify` has made the user, see `DefaultUser`; otherwise its
   *   `id`, but a user that has a `provider` as well is refused
   */
  accountOf: {
    read: aFunction<(user: never) => string | number | undefined>(),
  },

  /**
   * Whether an access token that is due but still valid is renewed while nobody waits for it. Platforms that freeze a
   * process between two requests, such as AWS Lambda, lose such renewals: turn it off there. Then the request that
   * needs the new token waits.
   *
   * @default true
   */
  renewInBackground: { read: flag, default: true },

  /**
   * Called if the provider refuses to refresh a grant for good, such as with `invalid_grant`, so that you can ask the
   * person to come back: once for each refusal, in one process, also without a request. Errors it throws are ignored.
   *
   * @default nothing is called
   */
  onGrantRefused: { read: aFunction<(refused: GrantRefusal) => unknown>() },

  /**
   * Lets the provider end sessions: if a person logs out there, it calls `POST /backchannel-logout` of
   * `authRouter`, which ends the person's sessions here. Needs `issuer` and `jwksURL`. The sessions
   * of a process are found by all processes that share `grants`, otherwise by that process alone.
   *
   * @default false
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  backchannelLogout: { read: flag, default: false, needs: 'jwksURL' },

  /**
   * Lets the provider end sessions from a page of its own, for one that has no back-channel logout: if a person logs out
   * there, the page loads `GET /frontchannel-logout` of `authRouter` in a frame. Anybody can send that request, and ends what
   * was logged in through the session at the provider whose `sid` they know. Needs `jwksURL`, and a `sid` in ID tokens that
   * nobody can guess. The sessions of a process are found by all processes that share `grants`, otherwise by that process
   * alone.
   *
   * @default false
   * @see [OpenID Connect Front-Channel Logout 1.0](https://openid.net/specs/openid-connect-frontchannel-1_0.html)
   */
  frontchannelLogout: { read: flag, default: false, needs: 'jwksURL' },
} as const satisfies OptionTable

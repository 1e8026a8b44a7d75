import type { Ledger } from './ledger.js'
import type { OptionTable } from './option-table.js'
import type { PendingLoginStore } from './pending-login-store.js'
import { flag, orFunction, positive, secrets, text, texts, withMethods } from './readers.js'

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
   * Whether to log in without loading the profile. A function receives the access token and decides for each login.
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
   * Where requests record which codes and refresh tokens have been used. Several processes must share one, such as
   * a `RedisLedger`; otherwise two of them may use the same refresh token, and the provider ends the grant.
   *
   * @default one `MemoryLedger` for all strategies of this process
   */
  ledger: {
    read: withMethods<Ledger>(
      'claim',
      'renew',
      'end',
      'enrol',
      'endGroup',
      'endSession',
      'isSessionEnded',
    ),
  },

  /**
   * Lets the provider end sessions: if a person logs out there, it calls `POST /backchannel-logout` of
   * `authRouter`, which ends the person's sessions here. Needs `issuer` and `jwksURL`. Each login adds one or two
   * records to the ledger.
   *
   * @default false
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  backchannelLogout: { read: flag, default: false, needs: 'jwksURL' },
} as const satisfies OptionTable

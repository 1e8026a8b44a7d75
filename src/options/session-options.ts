import type { Ledger } from './ledger.js'
import type { OptionTable } from './option-table.js'
import type { PendingLoginStore } from './pending-login-store.js'
import { flag, orFunction, positive, secrets, text, texts, withMethods } from './readers.js'

/** What is kept of a login, where, and for how long. */
export const SESSION_OPTIONS = {
  /** The name under which this strategy keeps its part of `req.session`. @default `oauth2:` and the name */
  sessionKey: {
    read: text,
    defaultFrom: ({ name = 'oauth2' }) => `oauth2:${String(name)}`,
  },

  /** Fields of the session that survive the change of its id at login and logout. @default [] */
  keepSession: { read: texts, default: [] },

  /**
   * Seals the tokens in the session: a secret of at least 32 characters, or a list. The first seals, all
   * of them open, as with express-session's `secret`.
   *
   * @default the session holds the tokens as they are
   */
  tokenSecret: { read: secrets, refuseUnset: true },

  /**
   * How long before it expires an access token is renewed, in **seconds**. Never more than half of the
   * token's lifetime. Until it expires, requests use it and nobody waits.
   *
   * @default 60 (1 minute)
   */
  refreshBeforeSeconds: { read: positive, default: 60 },

  /** Skips loading the profile: always, or decided for each access token. @default false */
  skipUserProfile: {
    read: orFunction<boolean, (accessToken: string) => boolean | Promise<boolean>>(flag),
    default: false,
  },

  /** Where pending logins are kept. @default the session */
  pendingLogins: { read: withMethods<PendingLoginStore>('put', 'take') },

  /** How long a started login may take, in **milliseconds**. @default 600_000 (10 minutes) */
  pendingLoginLifetimeMs: { read: positive, default: 600_000 },

  /** What several requests and processes agree on. @default one `MemoryLedger` for all strategies of this process */
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
   * Takes part in the provider's logout: `POST /backchannel-logout` of `authRouter` ends the sessions of
   * whoever logs out there. Needs `issuer` and `jwksURL`; costs each login one or two entries in the ledger.
   *
   * @default false
   * @see [OpenID Connect Back-Channel Logout 1.0](https://openid.net/specs/openid-connect-backchannel-1_0.html)
   */
  backchannelLogout: { read: flag, default: false, needs: 'jwksURL' },
} as const satisfies OptionTable

import type { Dispatcher } from 'undici'
import type { PrivateKey, PrivateKeys } from './client-credentials.js'
import type { OptionTable } from './option-table.js'
import {
  checkedWhenUsed,
  environmentText,
  orFunction,
  positive,
  secureUrl,
  text,
  urlWithoutFragment,
  withMethods,
} from './readers.js'

/** Who this application is at the provider, and how its requests leave. */
export const CLIENT_OPTIONS = {
  /** The client's identifier at the provider. An environment variable that is not set is reported at start. */
  clientID: {
    read: environmentText,
    required: true,
    help: 'the client’s identifier at the provider',
  },

  /**
   * The client's secret, for the `client_secret_…` methods; or a function that is asked for it at each
   * request, for one that changes while the process runs.
   */
  clientSecret: {
    read: orFunction<string, () => string | Promise<string>>(text),
    help: 'the client’s secret',
    secret: true,
  },

  /**
   * The client's private key, for `private_key_jwt` and for signed authorization requests: PEM, JWK,
   * KeyObject or CryptoKey. Or a list: the first one signs, and `GET /jwks.json` of `authRouter` publishes
   * all, so that the provider knows the next one in time. Or a function, asked at each use.
   */
  privateKey: {
    read: checkedWhenUsed<PrivateKeys | (() => PrivateKeys | Promise<PrivateKeys>)>(),
    help: 'the client’s private key: PEM text, or the path of a file with it',
    secret: true,
  },

  /** The `kid` of a single private key, as registered with the provider. @default the JWK's own */
  keyId: {
    read: text,
    alsoCalled: ['kid'],
    help: 'the name (kid) of the private key at the provider',
  },

  /**
   * A private key that the tokens are bound to: whoever steals them cannot use them without it. PEM, JWK,
   * KeyObject or CryptoKey; the same in all processes, and not the `privateKey`.
   *
   * @default bearer tokens
   * @see [RFC 9449 - OAuth 2.0 Demonstrating Proof of Possession (DPoP)](https://www.rfc-editor.org/rfc/rfc9449.html)
   */
  dpopKey: { read: checkedWhenUsed<PrivateKey>(), refuseUnset: true },

  /**
   * The absolute URL of the callback route, exactly as registered with the provider. Never derived from
   * a request's headers.
   */
  callbackURL: {
    read: urlWithoutFragment,
    required: true,
    alsoCalled: ['redirectURL'],
    help: 'the absolute URL of the callback route, as registered',
  },

  /**
   * Where the provider sends the browser after its own logout: the absolute URL of `GET /logged-out` of
   * `authRouter`, exactly as registered. Needs an `endSessionURL`.
   */
  postLogoutRedirectURL: { read: secureUrl, needs: 'endSessionURL' },

  /**
   * How long a request to the provider may take, the whole exchange, in **milliseconds**.
   *
   * @default 10_000 (10 seconds)
   */
  timeoutMs: { read: positive, default: 10_000 },

  /** The most that is read of any answer, those of `strategy.fetch` included, in **bytes**. @default 1_048_576 (1 MiB) */
  responseLimitBytes: { read: positive, default: 1_048_576 },

  /** An undici `Dispatcher` for all connections: a proxy, a private CA, a client certificate, a `MockAgent`. */
  dispatcher: { read: withMethods<Dispatcher>('dispatch'), alsoCalled: ['agent'] },
} as const satisfies OptionTable

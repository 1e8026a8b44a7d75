import type { Dispatcher } from 'undici'
import type { PrivateKey, PrivateKeys } from './client-credentials.js'
import type { DecryptionKeys } from './decryption.js'
import type { OptionTable } from './option-table.js'
import {
  checkedWhenUsed,
  environmentText,
  oneOf,
  orFunction,
  positive,
  secureUrl,
  text,
  forEachHost,
  urlWithoutFragment,
  withMethods,
} from './readers.js'
import { notUnderBun } from './refuse-under-bun.js'

/** When the provider's logout page gets the ID token. */
export type IdTokenHint = 'always' | 'fresh' | 'never'

/** The options for the client: its credentials at the provider, and how its requests are sent. */
export const CLIENT_OPTIONS = {
  /**
   * The client's identifier at the provider. If it is `undefined`, because an environment variable is not set for
   * example, the strategy throws at start.
   */
  clientID: {
    read: environmentText,
    required: true,
    help: 'the client’s identifier at the provider',
  },

  /**
   * The client's secret, for the `client_secret_…` methods. If it changes while the process runs, pass a
   * function that returns it: it is called for each request. `client_secret_jwt` needs one of at least 32 bytes for
   * HS256, 48 for HS384 and 64 for HS512.
   */
  clientSecret: {
    read: orFunction<string, () => string | Promise<string>>(text),
    help: 'the client’s secret',
    secret: true,
  },

  /**
   * The client's private key, for `private_key_jwt` and for signed authorization requests: PEM, JWK,
   * KeyObject or CryptoKey.
   *
   * To replace a key without an interruption, pass a list: the first key signs, and `GET /jwks.json` of
   * `authRouter` publishes all of them, so that the provider knows the next key before it is used. If the keys
   * change while the process runs, pass a function that returns them: it is called at each use.
   */
  privateKey: {
    read: checkedWhenUsed<PrivateKeys | (() => PrivateKeys | Promise<PrivateKeys>)>(),
    help: 'the client’s private key: PEM text, or the path of a file with it',
    secret: true,
  },

  /**
   * The `kid` of the `privateKey`, as registered with the provider. For a list of keys, each has its own.
   *
   * @default the JWK's own, or the key's thumbprint (RFC 7638); none for a CryptoKey that is not extractable
   */
  keyId: {
    read: text,
    alsoCalled: ['kid'],
    help: 'the name (kid) of the private key at the provider',
  },

  /**
   * The client's private keys for what the provider encrypts: ID tokens, UserInfo, authorization responses. PEM, JWK,
   * KeyObject or CryptoKey; RSA is used with RSA-OAEP-256, EC (P-256, P-384, P-521) with ECDH-ES. The content may be
   * encrypted with A128CBC-HS256 or A256GCM.
   *
   * To replace a key, pass a list: the provider's `kid` chooses the key, and without one, each key is tried. `GET
   * /jwks.json` of `authRouter` publishes all of them. If the keys change while the process runs, pass a function that
   * returns them: it is called at each use. Use other keys than `privateKey` and `dpopKey`.
   *
   * @default nothing that is encrypted is accepted
   * @see [OpenID Connect Core, section 10.2 - Encryption](https://openid.net/specs/openid-connect-core-1_0.html#Encryption)
   */
  decryptionKeys: {
    read: checkedWhenUsed<DecryptionKeys | (() => DecryptionKeys | Promise<DecryptionKeys>)>(),
    refuseUnset: true,
    alsoCalled: ['decryptionKey', 'encryptionKey', 'idTokenDecryptionKey'],
  },

  /**
   * A private key that the tokens are bound to, so that stolen tokens are useless without it. PEM, JWK,
   * KeyObject or CryptoKey. Use the same key in all processes, and a different one for `privateKey`.
   *
   * @default the tokens are bearer tokens
   * @see [RFC 9449 - OAuth 2.0 Demonstrating Proof of Possession (DPoP)](https://www.rfc-editor.org/rfc/rfc9449.html)
   */
  dpopKey: { read: checkedWhenUsed<PrivateKey>(), refuseUnset: true },

  /**
   * The absolute URL of the callback route, exactly as registered with the provider. It is never derived from
   * a request's headers, because a browser can set them.
   *
   * An application with several hosts passes a list: a login takes the URL of the host that it was started at, and the first if
   * none is of that host.
   */
  callbackURL: {
    read: forEachHost(urlWithoutFragment),
    required: true,
    alsoCalled: ['redirectURL'],
    help: 'the absolute URL of the callback route, as registered',
  },

  /**
   * Where the provider sends the browser after its own logout: the absolute URL of `GET /logged-out` of
   * `authRouter`, exactly as registered with the provider; or a list with one for each host, like `callbackURL`.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0, section 3](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RedirectionAfterLogout)
   */
  postLogoutRedirectURL: {
    read: forEachHost(secureUrl),
    needs: 'endSessionURL',
    help: 'the absolute URL of the route that the provider leads to after its own logout, as registered',
  },

  /**
   * When the provider's logout page gets the ID token, by which most providers log out without a question: `always`,
   * `fresh` (if it has not expired) or `never`. It is in the address of that page, and so in the browser's history. An ID
   * token of more than 2,048 characters is never sent, because servers refuse such addresses. Without the ID token, the
   * page gets a `logout_hint`, if the ID token has had a `login_hint` or a `sid`.
   *
   * @default 'always'
   * @see [OpenID Connect RP-Initiated Logout, section 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
   */
  idTokenHint: { read: oneOf<IdTokenHint>('always', 'fresh', 'never'), default: 'always' },

  /**
   * How long a request to the provider may take, from connecting to the last byte of the response, in
   * **milliseconds**. Waiting for one of the `maximumConnections` may take as long again. An event stream (`text/event-stream`)
   * that `strategy.fetch` returns has to begin in this time, and may then go on for as long as it is read.
   *
   * @default 10_000 (10 seconds)
   */
  timeoutMs: { read: positive, default: 10_000 },

  /**
   * How many requests of this strategy are under way at the provider at once in this process, and so how many
   * connections it opens, from 1. Further requests wait, logins first; a login that waits longer than `timeoutMs`
   * fails. A refresh that the provider has not answered for a minute is still listened to, but no longer counts.
   * `strategy.fetch` is not limited by it.
   *
   * @default 32
   */
  maximumConnections: { read: positive, default: 32 },

  /**
   * The largest response body that is accepted, in **bytes**. Applies to the provider's responses and to those of
   * `strategy.fetch`; the request fails if the body is larger. Event streams (`text/event-stream`), which have no end that could be
   * waited for, are not limited.
   *
   * @default 1_048_576 (1 MiB)
   */
  responseLimitBytes: { read: positive, default: 1_048_576 },

  /**
   * An undici `Dispatcher` for all connections: for a proxy, a private CA, a client certificate, or a `MockAgent`
   * in tests. Refused under Bun, whose own undici ignores it.
   *
   * @default one that all strategies share, with connections that are kept alive
   * @see [undici, Dispatcher](https://undici.nodejs.org/#/docs/api/Dispatcher)
   */
  dispatcher: { read: notUnderBun(withMethods<Dispatcher>('dispatch')), alsoCalled: ['agent'] },
} as const satisfies OptionTable

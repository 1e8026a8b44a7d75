import type { LoginRequest } from '../lib/login-request.js'
import { checkAuthorizationDetails } from './authorization-details.js'
import type { IsGrantRefused } from './grant-refusal.js'
import type { IsTokenRefused } from './is-token-refused.js'
import type { OptionTable } from './option-table.js'
import { checkParameters } from './parameters.js'
import type { Parameters } from './parameters.js'
import type { ParseAuthorizationError } from './parse-authorization-error.js'
import type { TokenSet } from './token-set.js'
import {
  aFunction,
  flag,
  headers,
  oneOf,
  orFunction,
  plainHttpHosts,
  resources,
  texts,
  zeroOrMore,
} from './readers.js'

/** The options for the provider's requests and responses: format, parameters and protection. */
export const REQUEST_OPTIONS = {
  /** The format of the body of token requests: a form, as the standard says, or JSON. @default 'form' */
  tokenRequestFormat: { read: oneOf('form', 'json'), default: 'form' },

  /**
   * Leaves `redirect_uri` out of token requests, for a provider that documents them without it. This is safe because
   * PKCE binds the code to this client. The option is refused if PKCE is off.
   *
   * @default false
   * @see [OAuth 2.1, section 10.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1#section-10.2)
   */
  omitRedirectUriInTokenRequest: { read: flag, default: false },

  /**
   * Turns a token response that deviates from the standard into a standard one. Receives the parsed JSON, the
   * fields of a form (`application/x-www-form-urlencoded`) as an object, or else the text. Returns an object with RFC 6749's names: `access_token`, `token_type`, `expires_in` in
   * **seconds**, `refresh_token` and `scope`, or `error`.
   *
   * @default the response is used as it is
   * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
   */
  parseTokenResponse: {
    read: aFunction<(body: unknown) => Readonly<Record<string, unknown>>>(),
  },

  /**
   * Turns the error in a callback that deviates from the standard into a standard one. Receives the parameters of a
   * callback that has no code, and whose `state` is that of a pending login. Returns an object with RFC 6749's names,
   * such as `{ error: 'access_denied' }` if the person refused, or `undefined` to use the parameters as they are;
   * so does an object without an `error`.
   *
   * @default known errors in any case, and Facebook's `error_reason`, `error_code` and `error_message`, are read
   * @see [RFC 6749, section 4.1.2.1 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2.1)
   */
  parseAuthorizationError: { read: aFunction<ParseAuthorizationError>() },

  /**
   * Decides whether a failed refresh is final, for a provider whose answers do not say it as the standard does. Receives
   * the error of each refresh that the provider has answered with an error, and returns `true` if every later one will
   * fail too and the person has to log in again, `false` if it may succeed later, or `undefined` for the default. A
   * refresh that may succeed later fails with the status 503, and is `retryable`. A function that throws, or returns
   * anything else such as a promise, leaves it to the default.
   *
   * @default final are `invalid_grant` and what the provider’s answer makes as certain
   * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
   */
  isGrantRefused: { read: aFunction<IsGrantRefused>() },

  /**
   * Decides for an answer of an API, other than the 401 of the standard, whether the API has refused the access token: then
   * `strategy.fetch` renews it and sends the request once more. Receives each answer that is not such a 401, and returns `true`
   * or `false`. It usually looks at `status` and `headers`; it may also read the body, of which it has a copy, except that of an
   * event stream (`text/event-stream`), which has no end that could be waited for.
   *
   * @default only a 401 does, unless it says that something else is wrong
   * @see [RFC 6750, section 3.1 - Error Codes](https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1)
   */
  isTokenRefused: { read: aFunction<IsTokenRefused>() },

  /**
   * Further parameters of authorization requests, such as `{ prompt: 'consent' }`. A function receives the request
   * and returns the parameters of this login. Parameters that the library sends itself are refused.
   *
   * @default {}
   */
  authorizationParameters: {
    read: orFunction<Parameters, (request: LoginRequest) => Parameters>(checkParameters),
    default: {},
    alsoCalled: ['authorizationParams', 'extraParams'],
  },

  /**
   * Further parameters of all token requests, refreshes included. Parameters that the library sends itself are
   * refused.
   *
   * @default {}
   */
  tokenParameters: { read: checkParameters, default: {}, alsoCalled: ['tokenParams'] },

  /**
   * Further parameters of refreshes alone, such as `{ scope: 'read' }` for fewer permissions than the person has
   * granted. A function receives the tokens that are to be refreshed, and returns the parameters. They replace those
   * of `tokenParameters`; the `scope` and `resource` of `strategy.accessToken` replace them. Parameters that the
   * library sends itself are refused. If the function throws, that refresh is not sent, and may be tried again.
   *
   * @default {}
   * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
   */
  refreshParameters: {
    read: orFunction<Parameters, (tokens: TokenSet) => Parameters>(checkParameters),
    default: {},
    alsoCalled: ['refreshParams', 'refreshTokenParameters'],
  },

  /**
   * Further headers of all requests to the provider, such as `{ 'User-Agent': 'your-app' }`. `Authorization` and
   * `DPoP` are refused: see `clientAuthentication` and `dpopKey`.
   *
   * @default {}
   */
  customHeaders: { read: headers, default: {}, alsoCalled: ['headers'] },

  /**
   * Signs authorization requests with the `privateKey`, so that they cannot be changed in the browser.
   *
   * @default false
   * @see [RFC 9101 - JWT-Secured Authorization Request (JAR)](https://www.rfc-editor.org/rfc/rfc9101.html)
   */
  signedAuthorizationRequests: { read: flag, default: false, needs: 'privateKey' },

  /**
   * Asks for signed authorization responses, and refuses unsigned ones. Needs `issuer` and `jwksURL`.
   *
   * @default false
   * @see [JWT Secured Authorization Response Mode for OAuth 2.0 (JARM)](https://openid.net/specs/oauth-v2-jarm-final.html)
   */
  signedAuthorizationResponses: { read: flag, default: false, needs: 'jwksURL' },

  /**
   * The API that the access tokens are for, or a list of several: absolute URIs without a fragment. They are sent
   * with authorization and token requests.
   *
   * @default []
   * @see [RFC 8707 - Resource Indicators for OAuth 2.0](https://www.rfc-editor.org/rfc/rfc8707.html)
   */
  resource: { read: resources, default: [] },

  /**
   * The permissions to ask for, in the format of the provider's API, if a scope cannot express them.
   *
   * @default []
   * @see [RFC 9396 - OAuth 2.0 Rich Authorization Requests](https://www.rfc-editor.org/rfc/rfc9396.html)
   */
  authorizationDetails: { read: checkAuthorizationDetails, default: [] },

  /**
   * How old the person's authentication may be, in **seconds**. With 0, the provider must authenticate the
   * person at each login. A login is refused if the ID token's `auth_time` is missing or too old. Needs the scope
   * `openid`.
   *
   * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
   */
  maxAgeSeconds: { read: zeroOrMore, needs: 'issuer' },

  /**
   * The accepted ways of authentication, the preferred one first. A login is refused if the ID token's `acr` is not
   * one of them. Needs the scope `openid`. To state a preference without refusing others, send `acr_values` with
   * `authorizationParameters`.
   *
   * @see [OpenID Connect Core, section 3.1.2.1 - Authentication Request](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)
   */
  acrValues: { read: texts, needs: 'issuer' },

  /**
   * Whether the provider always sends `iss` with the callback. If so, a callback without it is refused. `discover`
   * sets it.
   *
   * @default false
   * @see [RFC 9207, section 2.4 - Validating the Issuer Identifier](https://www.rfc-editor.org/rfc/rfc9207.html#section-2.4)
   */
  authorizationResponseIssParameterSupported: { read: flag, default: false, needs: 'issuer' },

  /**
   * The methods of PKCE that the provider's metadata lists. `discover` sets it. Without `S256` among them, the strategy
   * throws at start, unless `dangerouslyOmitPkce` is set.
   *
   * @default unknown: S256 is sent, and a provider that does not know it ignores it
   * @see [RFC 8414, section 2 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
   */
  codeChallengeMethodsSupported: { read: texts },

  /**
   * **WARNING:** turns PKCE off, so that a stolen code is no longer bound to the browser that started the login.
   * Only for a provider that refuses PKCE. The option is refused for a client without a secret or key.
   *
   * @default false
   * @see [RFC 9700, section 2.1.1 - Authorization Code Grant](https://www.rfc-editor.org/rfc/rfc9700.html#section-2.1.1)
   */
  dangerouslyOmitPkce: { read: flag, default: false },

  /**
   * **WARNING:** the hosts, with their ports, of which plain HTTP is allowed: for a provider in a container beside the application,
   * while you develop. Everybody on the way reads secrets and tokens. The option is refused if `NODE_ENV` is `production`.
   *
   * @example `['keycloak:8080']`
   * @default none: plain HTTP is for loopback addresses only
   */
  dangerouslyAllowHttp: { read: plainHttpHosts },
} as const satisfies OptionTable

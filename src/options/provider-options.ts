import type { LoginRequest } from '../lib/login-request.js'
import { checkAuthorizationDetails } from './authorization-details.js'
import type { ClientAssertionAlgorithm, ClientAuthenticationMethod } from './client-credentials.js'
import { missing } from './option-table.js'
import type { GivenOptions, OptionTable } from './option-table.js'
import { checkParameters } from './parameters.js'
import type { Parameters } from './parameters.js'
import type { ParsedProfile } from './profile.js'
import {
  aFunction,
  flag,
  headers,
  oneOf,
  orFunction,
  positive,
  resources,
  scope,
  secureUrl,
  someOf,
  text,
  texts,
  urlWithoutFragment,
  zeroOrMore,
} from './readers.js'
import { SIGNATURE_ALGORITHMS } from './signature-algorithms.js'

/** Where a provider is and how it wants to be spoken to. */
export const PROVIDER_OPTIONS = {
  /** The strategy's name for Passport, for the profile and for the session. @default 'oauth2' */
  name: { read: text, default: 'oauth2' },

  /** The authorization endpoint, where the browser is sent. */
  authorizationURL: {
    read: urlWithoutFragment,
    required: true,
    alsoCalled: ['authorizeURL', 'authURL'],
  },

  /** The token endpoint, where the code is exchanged. */
  tokenURL: { read: urlWithoutFragment, required: true, alsoCalled: ['accessTokenURL'] },

  /**
   * The provider's issuer identifier. If it is known, an `iss` in the callback is compared with it
   * (RFC 9207), ID tokens are validated against it, and it is the audience of client assertions and
   * signed requests.
   */
  issuer: {
    read: secureUrl,
    alsoCalled: ['issuerURL', 'issuerBaseURL'],
    help: 'the issuer, whose metadata is read to find everything about the provider',
  },

  /** Where the profile of the logged-in person is: a JSON document, read with the access token. */
  profileURL: { read: secureUrl, alsoCalled: ['userInfoURL', 'userProfileURL', 'userURL'] },

  /**
   * Finds id, name and email in the profile document.
   *
   * @default reads `sub` (or `id`), `name`, and `email`
   */
  parseProfile: { read: aFunction<(body: Record<string, unknown>) => ParsedProfile>() },

  /** The revocation endpoint (RFC 7009), called when a grant is ended. @default tokens are only forgotten */
  revocationURL: { read: secureUrl, alsoCalled: ['revokeURL'] },

  /**
   * The provider's pushed authorization request endpoint. With it, authorization requests go there, and
   * the browser carries only a reference to them.
   *
   * @see [RFC 9126 - OAuth 2.0 Pushed Authorization Requests](https://www.rfc-editor.org/rfc/rfc9126.html)
   */
  pushedAuthorizationRequestURL: { read: secureUrl, alsoCalled: ['parURL'] },

  /**
   * Where the provider publishes its keys. With it, the signatures of ID tokens are checked; it needs an
   * `issuer`.
   */
  jwksURL: { read: secureUrl, needs: 'issuer', alsoCalled: ['jwks'] },

  /**
   * What the provider signs with, as agreed on when the client was registered (`id_token_signed_response_alg`,
   * `authorization_signed_response_alg`). ID tokens, logout tokens and responses that are signed by another
   * algorithm are refused. Needs `issuer`. FAPI 2.0 allows PS256, ES256 and EdDSA.
   *
   * @default every asymmetric algorithm that the published key allows
   * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
   */
  providerSignatureAlgorithms: { read: someOf(...SIGNATURE_ALGORITHMS), needs: 'issuer' },

  /**
   * The provider's logout page. With it, `POST /logout` ends the login there as well.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
   */
  endSessionURL: { read: secureUrl, alsoCalled: ['logoutURL'] },

  /**
   * How long refresh tokens live if the token response does not say, in **seconds**. The ledger remembers a
   * grant for as long.
   *
   * @default unknown; the ledger remembers a grant for 90 days
   */
  refreshTokenLifetimeSeconds: { read: positive },

  /** What joins a list of scopes. @default ' ' (a space, as RFC 6749 says) */
  scopeSeparator: { read: text, default: ' ' },

  /** The scope to ask for: a string as it goes on the wire, or a list. @default the provider's own default */
  scope: { read: scope, help: 'the scope to ask for, as it goes on the wire' },

  /** The methods of client authentication that the provider's metadata offers; used for the default of `clientAuthentication`. */
  clientAuthenticationMethodsSupported: { read: texts },

  /**
   * How the client proves who it is.
   *
   * @default 'private_key_jwt' with a `privateKey`, else 'client_secret_post' with a `clientSecret`
   * ('client_secret_basic' if the provider's metadata offers that alone), else 'none'
   */
  clientAuthentication: {
    read: oneOf(
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'none',
    ),
    defaultFrom: defaultClientAuthentication,
    alsoCalled: ['tokenEndpointAuthMethod', 'clientAuthenticationMethod'],
  },

  /**
   * Whether client id and secret are form-urlencoded before they go into Basic credentials, as RFC 6749
   * section 2.3.1 says (`encoded`), or not, as many servers expect (`raw`).
   *
   * @default 'encoded'
   */
  basicCredentials: { read: oneOf('encoded', 'raw'), default: 'encoded' },

  /**
   * The audience of client assertions: one string, or a function of the URL that is called.
   *
   * @default the `issuer` if it is known, else the token endpoint
   */
  clientAssertionAudience: {
    read: orFunction<string, (url: string) => string>(text),
    defaultFrom: ({ issuer, tokenURL }) => issuer ?? tokenURL,
  },

  /** The signature algorithm of client assertions. @default what fits the key: PS256, ES256 or EdDSA */
  clientAssertionAlgorithm: {
    read: oneOf<ClientAssertionAlgorithm>('PS256', 'RS256', 'ES256', 'EdDSA'),
  },

  /** The format of token requests: the standard's form body, or JSON. @default 'form' */
  tokenRequestFormat: { read: oneOf('form', 'json'), default: 'form' },

  /**
   * Leaves `redirect_uri` out of the token request, for a provider that documents it so. Safe because
   * the code is bound to this client by PKCE; refused if PKCE is off.
   *
   * @default false
   * @see [OAuth 2.1, section 10.2](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1#section-10.2)
   */
  omitRedirectUriInTokenRequest: { read: flag, default: false },

  /**
   * Turns an unusual token response into a standard one. Receives the parsed JSON (or the text, if it is
   * not JSON) and returns an object with RFC 6749's names: `access_token`, `token_type`, `expires_in`
   * in **seconds**, `refresh_token`, `scope`, or `error`.
   */
  parseTokenResponse: {
    read: aFunction<(body: unknown) => Readonly<Record<string, unknown>>>(),
  },

  /** Further parameters of the authorization request: the same for all, or a function that returns those of one login. @default {} */
  authorizationParameters: {
    read: orFunction<Parameters, (request: LoginRequest) => Parameters>(checkParameters),
    default: {},
    alsoCalled: ['authorizationParams', 'extraParams'],
  },

  /** Further parameters of every token request. @default {} */
  tokenParameters: { read: checkParameters, default: {}, alsoCalled: ['tokenParams'] },

  /** Further headers of every request to the provider, such as `User-Agent`. @default {} */
  customHeaders: { read: headers, default: {}, alsoCalled: ['headers'] },

  /**
   * Signs authorization requests with the `privateKey`, so that nobody can change them on their way
   * through the browser.
   *
   * @default false
   * @see [RFC 9101 - JWT-Secured Authorization Request (JAR)](https://www.rfc-editor.org/rfc/rfc9101.html)
   */
  signedAuthorizationRequests: { read: flag, default: false, needs: 'privateKey' },

  /**
   * Asks for signed authorization responses and accepts no others. Needs `issuer` and `jwksURL`.
   *
   * @default false
   * @see [JWT Secured Authorization Response Mode for OAuth 2.0 (JARM)](https://openid.net/specs/oauth-v2-jarm-final.html)
   */
  signedAuthorizationResponses: { read: flag, default: false, needs: 'jwksURL' },

  /**
   * Where the access tokens are to be used: an absolute URI, or a list. Sent with authorization and token
   * requests.
   *
   * @default []
   * @see [RFC 8707 - Resource Indicators for OAuth 2.0](https://www.rfc-editor.org/rfc/rfc8707.html)
   */
  resource: { read: resources, default: [] },

  /**
   * What exactly is asked for, in the words of the provider's API.
   *
   * @default []
   * @see [RFC 9396 - OAuth 2.0 Rich Authorization Requests](https://www.rfc-editor.org/rfc/rfc9396.html)
   */
  authorizationDetails: { read: checkAuthorizationDetails, default: [] },

  /**
   * How long ago the person may have been authenticated, in **seconds**; 0 asks for it anew. The ID token
   * has to say so. Needs the scope `openid` and an `issuer`.
   */
  maxAgeSeconds: { read: zeroOrMore, needs: 'issuer' },

  /**
   * The ways of authentication that are accepted, the preferred one first. The ID token has to name one of
   * them (`acr`). Needs the scope `openid` and an `issuer`. For a preference that need not be met, send
   * `acr_values` by `authorizationParameters`.
   */
  acrValues: { read: texts, needs: 'issuer' },

  /** The provider's metadata says that `iss` always comes with the callback (RFC 9207). @default false */
  authorizationResponseIssParameterSupported: { read: flag, default: false, needs: 'issuer' },

  /**
   * WARNING: sends no PKCE parameters, so that a stolen code is no longer bound to the browser that
   * asked for it. Only for a provider that refuses PKCE, and never without a client secret or key.
   *
   * @default false
   * @see [RFC 9700, section 2.1.1 - Authorization Code Grant](https://www.rfc-editor.org/rfc/rfc9700.html#section-2.1.1)
   */
  dangerouslyOmitPkce: { read: flag, default: false },
} as const satisfies OptionTable

function defaultClientAuthentication(given: GivenOptions): ClientAuthenticationMethod {
  if (given['privateKey'] !== undefined) return 'private_key_jwt'
  if (given['clientSecret'] === undefined) {
    // One that is named and undefined is an environment variable that is not set, not a public client.
    const unset = ['clientSecret', 'privateKey'].find((name) => name in given)
    return unset === undefined ? 'none' : missing(unset)
  }
  const offered = given['clientAuthenticationMethodsSupported'] as readonly string[] | undefined
  const basicOnly =
    offered?.includes('client_secret_basic') && !offered.includes('client_secret_post')
  return basicOnly ? 'client_secret_basic' : 'client_secret_post'
}

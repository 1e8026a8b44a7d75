import { CLIENT_SECRET_ALGORITHMS, SECRET_METHODS } from './client-credentials.js'
import type { ClientAssertionAlgorithm, ClientAuthenticationMethod } from './client-credentials.js'
import { LONGEST_CLOCK_TOLERANCE_SECONDS } from './clock-tolerance.js'
import { ENCRYPTED_RESPONSES } from './decryption.js'
import { refuseOtherAddress } from './issuer-address.js'
import { missing } from './option-table.js'
import type { GivenOptions } from './given-options.js'
import type { OptionTable } from './option-table.js'
import type { ParsedProfile } from './profile.js'
import {
  aFunction,
  oneOf,
  orFunction,
  positive,
  scope,
  secureUrl,
  someOf,
  text,
  texts,
  upTo,
  urlWithoutFragment,
} from './readers.js'
import { SIGNATURE_ALGORITHMS } from './signature-algorithms.js'

/** The options for the provider: its endpoints and keys, and how clients authenticate. */
export const PROVIDER_OPTIONS = {
  /**
   * The strategy's name for `passport.authenticate(name)`. It is also the `provider` of profiles, and part of the
   * default of `sessionKey`.
   *
   * @default 'oauth2'
   */
  name: { read: text, default: 'oauth2' },

  /**
   * The authorization endpoint, to which a login redirects the browser.
   *
   * @see [RFC 6749, section 3.1 - Authorization Endpoint](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1)
   */
  authorizationURL: {
    read: urlWithoutFragment,
    required: true,
    alsoCalled: ['authorizeURL', 'authURL'],
  },

  /**
   * The token endpoint, which exchanges codes and refresh tokens for access tokens.
   *
   * @see [RFC 6749, section 3.2 - Token Endpoint](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.2)
   */
  tokenURL: { read: urlWithoutFragment, required: true, alsoCalled: ['accessTokenURL'] },

  /**
   * The provider's issuer identifier. An `iss` in the callback is compared with it, ID tokens are validated
   * against it, and it is the audience of client assertions and signed requests.
   *
   * @see [RFC 9207 - OAuth 2.0 Authorization Server Issuer Identification](https://www.rfc-editor.org/rfc/rfc9207.html)
   */
  issuer: {
    read: issuerAddress,
    alsoCalled: ['issuerURL', 'issuerBaseURL'],
    help: 'the issuer, whose metadata has the other options of the provider',
  },

  /**
   * The endpoint that returns the person's profile, such as OpenID Connect's UserInfo endpoint: as JSON, or as a JWT
   * that is signed (which needs `jwksURL`) or encrypted (which needs `decryptionKeys`). It is called with the access token after each login. Without it, the profile is read from the ID token, if there is one.
   */
  profileURL: { read: secureUrl, alsoCalled: ['userInfoURL', 'userProfileURL', 'userURL'] },

  /**
   * Reads id, name and email from what `profileURL` returns, or from the ID token if there is no `profileURL`. A
   * profile without an id is an error.
   *
   * @default reads `sub` (or `id`), `name`, and `email`
   */
  parseProfile: { read: aFunction<(body: Record<string, unknown>) => ParsedProfile>() },

  /**
   * The revocation endpoint, which is called with the refresh token when a grant ends, or with the access token if there
   * is no other.
   *
   * @default tokens are deleted here, and stay valid at the provider until they expire
   * @see [RFC 7009 - OAuth 2.0 Token Revocation](https://www.rfc-editor.org/rfc/rfc7009.html)
   */
  revocationURL: { read: secureUrl, alsoCalled: ['revokeURL'] },

  /**
   * The methods of client authentication that the provider's revocation endpoint supports. `discover` sets it. If
   * `clientAuthentication` is not among them, another one is used that the client has credentials for: with the
   * credential that `clientAuthentication` uses, if there is one, because the other may be for something else.
   *
   * @default those of the token endpoint
   * @see [RFC 8414, section 2 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
   */
  revocationAuthenticationMethodsSupported: { read: texts },

  /**
   * What the provider ends when one refresh token is revoked: `grant` for everything that the person has granted to
   * this client, as Google and Auth0 do, or `token` for that token alone. With `grant`, logging out revokes only if
   * nothing else of that person is alive here. With `token`, tokens that nobody received or that a newer login has
   * replaced are always revoked; otherwise only if nothing else of that person is alive here.
   *
   * After the refresh token has been revoked, the access token is revoked only with `token`: elsewhere it has ended with
   * the refresh token, and some servers log a revocation of it as an error.
   *
   * @default unknown: logging out revokes the refresh token, whatever that ends
   * @see [RFC 7009, section 2.1 - Revocation Request](https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1)
   */
  revocationEnds: { read: oneOf('grant', 'token') },

  /**
   * The provider's pushed authorization request endpoint. If it is set, the parameters of authorization requests
   * are sent there, and the browser receives only a reference to them.
   *
   * @see [RFC 9126 - OAuth 2.0 Pushed Authorization Requests](https://www.rfc-editor.org/rfc/rfc9126.html)
   */
  pushedAuthorizationRequestURL: { read: secureUrl, alsoCalled: ['parURL'] },

  /**
   * Where the provider publishes its public keys, as a JWK Set. If it is set, the signatures of ID tokens are
   * checked with these keys.
   *
   * @see [RFC 7517, section 5 - JWK Set Format](https://www.rfc-editor.org/rfc/rfc7517.html#section-5)
   */
  jwksURL: { read: secureUrl, needs: 'issuer', alsoCalled: ['jwks'] },

  /**
   * The algorithms that the provider signs with, as registered for this client (`id_token_signed_response_alg`,
   * `authorization_signed_response_alg`). ID tokens, logout tokens and responses that are signed with any other
   * algorithm are refused. FAPI 2.0 allows PS256, ES256 and EdDSA.
   *
   * `HS256`, `HS384` and `HS512` are signed with the `clientSecret`, which must have at least 32, 48 or 64 bytes. Name them only
   * for a provider that signs so: whoever knows the secret can sign ID tokens.
   *
   * @default every algorithm that the published key allows, and no HS256, HS384 or HS512
   * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
   */
  providerSignatureAlgorithms: { read: someOf(...SIGNATURE_ALGORITHMS), needs: 'issuer' },

  /**
   * How far the provider's clock and ours may differ when the times in ID tokens and signed responses are checked, in
   * **seconds**, from 0 to 300. It also lengthens `maxAgeSeconds`. Logout tokens always have 300 seconds.
   *
   * @default 30
   */
  clockToleranceSeconds: { read: upTo(LONGEST_CLOCK_TOLERANCE_SECONDS), default: 30 },

  /**
   * Audiences that ID tokens may have besides this client, for a provider that adds its own and sends no `azp`. An ID token
   * for any other further audience is refused.
   *
   * @default none
   * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
   */
  trustedAudiences: { read: texts, needs: 'issuer' },

  /**
   * What the provider encrypts, as registered for this client: `id_token`, `userinfo`, `authorization` (for signed
   * authorization responses). Whatever is named here is refused if it is not encrypted. Logout tokens count as ID
   * tokens.
   *
   * @default none has to be encrypted; with `decryptionKeys`, each may be
   * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
   */
  encryptedResponses: { read: someOf(...ENCRYPTED_RESPONSES), needs: 'decryptionKeys' },

  /**
   * The provider's logout page. If it is set, `POST /logout` of `authRouter` also ends the session at the provider.
   *
   * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
   */
  endSessionURL: { read: secureUrl, alsoCalled: ['logoutURL'] },

  /**
   * The parameter in which the provider's logout page takes the `postLogoutRedirectURL`, for a provider that deviates from
   * the standard, such as `logout_uri` for Amazon Cognito. Such a page gets this parameter and `client_id`, and nothing else.
   *
   * @default 'post_logout_redirect_uri'
   */
  postLogoutRedirectParameter: { read: text, default: 'post_logout_redirect_uri' },

  /**
   * How long refresh tokens live, in **seconds**, if the token response does not say.
   *
   * @default unknown: a refresh is tried
   */
  refreshTokenLifetimeSeconds: { read: positive },

  /**
   * The separator between scopes, for a provider that deviates from the standard, such as `','`.
   *
   * @default ' ' (a space, as RFC 6749 says)
   */
  scopeSeparator: { read: text, default: ' ' },

  /**
   * The scope to ask for: a list, or one string in which the scopes are joined by `scopeSeparator`. An ID token
   * needs the scope `openid`.
   *
   * @default none is sent, and the provider uses its own default
   * @see [RFC 6749, section 3.3 - Access Token Scope](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.3)
   */
  scope: { read: scope, help: 'the scope to ask for, such as "openid email"' },

  /**
   * The methods of client authentication that the provider supports. `discover` sets it. It is only used for the
   * default of `clientAuthentication`.
   */
  clientAuthenticationMethodsSupported: { read: texts },

  /**
   * The algorithms of client assertions that the provider accepts. `discover` sets it. The default of
   * `clientAssertionAlgorithm` is one of them.
   *
   * @see [RFC 8414, section 2 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-2)
   */
  clientAssertionAlgorithmsSupported: { read: texts },

  /**
   * How the client authenticates at the provider's endpoints.
   *
   * @default 'private_key_jwt' with a `privateKey`; or, with a `clientSecret`, the first of 'client_secret_post',
   * 'client_secret_basic' and 'client_secret_jwt' that the provider's metadata lists, if it lists any; or 'none'
   * @see [OpenID Connect Core, section 9 - Client Authentication](https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication)
   */
  clientAuthentication: {
    read: oneOf(
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'client_secret_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
      'none',
    ),
    defaultFrom: defaultClientAuthentication,
    alsoCalled: ['tokenEndpointAuthMethod', 'clientAuthenticationMethod'],
  },

  /**
   * Whether the client's id and secret are form-urlencoded in Basic credentials, as the standard says (`encoded`),
   * or not, as many servers expect (`raw`). It makes a difference only for characters such as `+`, `/` and `=`.
   *
   * @default 'encoded'
   * @see [RFC 6749, section 2.3.1 - Client Password](https://www.rfc-editor.org/rfc/rfc6749.html#section-2.3.1)
   */
  basicCredentials: { read: oneOf('encoded', 'raw'), default: 'encoded' },

  /**
   * The audience (`aud`) of client assertions: one string, or a function that receives the URL of the request.
   *
   * @default the `issuer`, or the token endpoint if there is no `issuer`
   * @see [RFC 7523, section 3 - JWT Format and Processing Requirements](https://www.rfc-editor.org/rfc/rfc7523.html#section-3)
   */
  clientAssertionAudience: {
    read: orFunction<string, (url: string) => string>(text),
    defaultFrom: ({ issuer, tokenURL }) => issuer ?? tokenURL,
  },

  /**
   * The algorithm that client assertions and signed authorization requests are signed with: PS256, RS256, ES256, EdDSA
   * or Ed25519 by the `privateKey`; HS256, HS384 or HS512 by the `clientSecret`, for `client_secret_jwt`.
   *
   * @default the first of PS256, RS256, ES256, EdDSA and Ed25519, or of HS256, HS384 and HS512, that fits the key or
   * secret and that the provider's metadata lists, if it lists any
   */
  clientAssertionAlgorithm: {
    read: oneOf<ClientAssertionAlgorithm>(
      ...(['PS256', 'RS256', 'ES256', 'EdDSA', 'Ed25519'] as const),
      ...CLIENT_SECRET_ALGORITHMS,
    ),
  },
} as const satisfies OptionTable

/** Reads an issuer identifier. */
function issuerAddress(value: unknown, name: string, given: GivenOptions): string {
  const issuer = secureUrl(value, name, given)
  refuseOtherAddress(new URL(issuer), name)
  return issuer
}

/**
 * Chooses the method by the credentials that are passed.
 *
 * @throws {ConfigurationError} if a secret or key is passed as `undefined`
 */
function defaultClientAuthentication(given: GivenOptions): ClientAuthenticationMethod {
  if (given['privateKey'] !== undefined) return 'private_key_jwt'
  if (given['clientSecret'] === undefined) {
    // An option that is passed as `undefined` comes from an environment variable that is not set. Without this
    // check, the client would be taken for a public one.
    const unset = ['clientSecret', 'privateKey'].find((name) => name in given)
    return unset === undefined ? 'none' : missing(unset)
  }
  const offered = given['clientAuthenticationMethodsSupported'] as readonly string[] | undefined
  return SECRET_METHODS.find((method) => offered?.includes(method)) ?? SECRET_METHODS[0]
}

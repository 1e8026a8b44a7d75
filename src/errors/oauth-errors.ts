import { LOGINS_NOT_GRANTED } from './logins-not-granted.js'
import { REQUESTS_NOT_TAKEN } from './requests-not-taken.js'

/**
 * Where an OAuth `error` comes from: `authorization` with the browser's callback, `token` from the token endpoint and
 * others that are called like it, `resource` from an API.
 */
export type OAuthErrorSource = 'authorization' | 'token' | 'resource'

/** What is known about one OAuth `error` code that providers send. */
export interface OAuthError {
  /** From where it is expected. */
  readonly from: readonly OAuthErrorSource[]
  /** The specification that defines it. Left out if there is none, and only some providers send it. */
  readonly definedBy?: string
  /**
   * The `status` of the library's error: 400 if the person can start again, 500 if the client's registration or
   * request is wrong, 502 or 503 if the provider fails. `refused` is not an error: the person, or a rule of the
   * provider, refused the login.
   */
  readonly status: 400 | 500 | 502 | 503 | 'refused'
  /** Whether the same attempt may succeed later. `false` if left out. */
  readonly retryable?: true
  /** What it means, in one sentence. */
  readonly meaning: string
  /** What the developer can do. Markdown without links. */
  readonly fix: string
  /** What it means to the person at the browser, in a whole sentence. Present if they can start again after it. */
  readonly page?: string
}

const REDIRECT_URI_UNKNOWN = {
  meaning: 'The redirect URI is not one that is registered for this client.',
  fix: 'Register `callbackURL` at the provider exactly as it is: scheme, port, path and trailing slash count.',
} as const

/**
 * OAuth `error` codes by name, the frequent ones first.
 *
 * @see [OAuth Extensions Error Registry](https://www.iana.org/assignments/oauth-parameters/oauth-parameters.xhtml#extensions-error)
 */
export const OAUTH_ERRORS: ReadonlyMap<string, OAuthError> = new Map(
  Object.entries<OAuthError>({
    invalid_grant: {
      from: ['token'],
      definedBy: 'RFC 6749',
      status: 400,
      meaning:
        'The code or refresh token has expired, was used before, or belongs to another client or redirect URI.',
      fix: 'For a refresh token, the person has to log in again. For a code, they start again; if it happens at every login, check that `callbackURL` is exactly the registered one, and that nothing loads the callback twice, such as a link scanner.',
    },
    invalid_client: {
      from: ['token'],
      definedBy: 'RFC 6749',
      status: 500,
      meaning: 'The provider does not accept the client’s id, or its secret, key or certificate.',
      fix: 'Compare `clientID` and the client’s secret or key with what the provider has registered, and check that `clientAuthentication` is the method it expects: some servers know only one of `client_secret_basic` and `client_secret_post`.',
    },
    unauthorized_client: {
      from: ['authorization', 'token'],
      definedBy: 'RFC 6749',
      status: 500,
      meaning: 'The client is not registered for this grant or response type.',
      fix: 'Where the client is registered, allow it the authorization code grant and the refresh token grant. If the status is 401, see `invalid_client`.',
    },
    unsupported_grant_type: {
      from: ['token'],
      definedBy: 'RFC 6749',
      status: 500,
      meaning: 'The endpoint does not know the grant.',
      fix: 'Check that `tokenURL` is the token endpoint of this provider.',
    },
    unsupported_response_type: {
      from: ['authorization'],
      definedBy: 'RFC 6749',
      status: 500,
      meaning: 'The provider does not give this client a code.',
      fix: 'Where the client is registered, allow it `response_type=code`.',
    },
    invalid_request: {
      from: ['authorization', 'token', 'resource'],
      definedBy: 'RFC 6749',
      status: 500,
      meaning:
        'A parameter is missing, unknown, repeated, or has a value that the provider refuses.',
      fix: 'Compare the request’s parameters with the provider’s documentation; the options `authorizationParameters`, `tokenParameters` and `tokenRequestFormat` change them.',
    },
    invalid_scope: {
      from: ['authorization', 'token'],
      definedBy: 'RFC 6749',
      status: 500,
      meaning: 'The scope is unknown, malformed, or more than this client may ask for.',
      fix: 'Ask only for scopes that are registered for this client: compare the option `scope` with the provider’s list.',
    },
    invalid_redirect_uri: {
      from: ['authorization'],
      status: 502,
      ...REDIRECT_URI_UNKNOWN,
    },
    // GitHub sends it to the callback, Google from the token endpoint.
    redirect_uri_mismatch: {
      from: ['authorization', 'token'],
      status: 500,
      ...REDIRECT_URI_UNKNOWN,
    },
    invalid_target: {
      from: ['authorization', 'token'],
      definedBy: 'RFC 8707',
      status: 502,
      meaning:
        'The provider does not know the `resource`, or does not give this client tokens for it.',
      fix: 'Compare the option `resource` with the identifiers that the provider has registered.',
    },
    invalid_authorization_details: {
      from: ['authorization', 'token'],
      definedBy: 'RFC 9396',
      status: 502,
      meaning: 'The provider does not accept the authorization details.',
      fix: 'Compare the option `authorizationDetails` with the types that the provider supports.',
    },
    invalid_dpop_proof: {
      from: ['token', 'resource'],
      definedBy: 'RFC 9449',
      status: 502,
      meaning: 'The provider does not accept the DPoP proof.',
      fix: 'Check that the clock of this machine is right, and that the provider supports the algorithm of `dpopKey`.',
    },
    use_dpop_nonce: {
      from: ['token', 'resource'],
      definedBy: 'RFC 9449',
      status: 502,
      meaning:
        'The provider wants another nonce in the DPoP proof, although the last one it sent was used.',
      fix: 'Try again. If it keeps happening, ask the provider why it does not accept the nonces that it sends.',
    },
    invalid_token: {
      from: ['resource'],
      definedBy: 'RFC 6750',
      status: 502,
      meaning:
        'The access token was refused: it has expired, was revoked, or is for another audience.',
      fix: 'Check that the token is meant for this API: the options `scope` and `resource` say what it is for.',
    },
    insufficient_scope: {
      from: ['resource'],
      definedBy: 'RFC 6750',
      status: 502,
      meaning: 'The access token is valid, but does not allow this request.',
      fix: 'Add the scope that the API needs to the option `scope`, and have the person log in again.',
    },
    server_error: {
      from: ['authorization'],
      definedBy: 'RFC 6749',
      status: 502,
      retryable: true,
      meaning: 'The provider failed.',
      fix: 'Try again later. If it keeps happening, ask the provider: its logs say more.',
    },
    temporarily_unavailable: {
      from: ['authorization'],
      definedBy: 'RFC 6749',
      status: 503,
      retryable: true,
      meaning: 'The provider is overloaded or under maintenance.',
      fix: 'Try again later.',
    },
    ...REQUESTS_NOT_TAKEN,
    ...LOGINS_NOT_GRANTED,
  }),
)

/** What is known about an OAuth `error` in any case; `undefined` if it is unknown, or not expected from this source. */
export function oauthErrorFrom(
  source: OAuthErrorSource,
  error: string | undefined,
): OAuthError | undefined {
  const known = OAUTH_ERRORS.get(error?.toLowerCase() ?? '')
  return known?.from.includes(source) ? known : undefined
}

/** What is known about the error in an authorization response; `undefined` if nothing is. */
export function authorizationErrorFrom({
  error,
  errorDescription,
}: {
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
}): OAuthError | undefined {
  // Keycloak calls a login page that was left open `temporarily_unavailable`, and says in the description what it means.
  const isExpired =
    error === 'temporarily_unavailable' && errorDescription === 'authentication_expired'
  return oauthErrorFrom('authorization', isExpired ? errorDescription : error)
}

/** What an error means and what to do about it, as sentences. */
export function adviceOf({ meaning, fix: ofError }: OAuthError, fix = ofError): string {
  return `${meaning} ${fix}`
}

/**
 * The `error` as a specification writes it, if one defines it. Some servers write it in capitals. Such a code is quoted
 * whatever the secrets are. Removing them from it, as from all other texts of a provider, could turn it into a
 * different code.
 */
export function registeredError(error: unknown): string | undefined {
  if (typeof error !== 'string') return undefined
  const code = error.toLowerCase()
  return OAUTH_ERRORS.get(code)?.definedBy === undefined ? undefined : code
}

/** Whether an `error` of the authorization endpoint is a refusal: the login then fails without an error. */
export function isRefusal(error: string): boolean {
  return oauthErrorFrom('authorization', error)?.status === 'refused'
}

/**
 * What an error of the token endpoint means. Keycloak and others answer 401 with `unauthorized_client` to a wrong secret, which
 * RFC 6749 calls `invalid_client`; with 400, the client is not registered for the grant.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export function tokenErrorOf(
  error: string | undefined,
  httpStatus: number,
): OAuthError | undefined {
  const isClientRefused = isRefusalOfClient(error, httpStatus)
  return oauthErrorFrom('token', isClientRefused ? 'invalid_client' : error)
}

/** Whether the provider does not accept the client's id, or its secret, key or certificate. */
export function isRefusalOfClient(
  error: string | undefined,
  httpStatus: number | undefined,
): boolean {
  return error === 'invalid_client' || (error === 'unauthorized_client' && httpStatus === 401)
}

/**
 * What to check when the provider refuses the client itself (`invalid_client`), by the client's
 * `clientAuthentication`. Markdown without links.
 */
export const CLIENT_FIXES = {
  client_secret_basic:
    "Check `clientID` and `clientSecret`. If they are right, try `basicCredentials: 'raw'`.",
  client_secret_post: 'Check `clientID` and `clientSecret`.',
  private_key_jwt:
    'Check `clientID` and `keyId`, that the provider has the public half of this key, and which `clientAssertionAudience` it expects.',
  client_secret_jwt:
    'Check `clientID` and `clientSecret`, that the client is registered for this method, and which `clientAssertionAudience` the provider expects.',
  tls_client_auth: 'Check `clientID`, and the certificate in the `dispatcher`.',
  self_signed_tls_client_auth: 'Check `clientID`, and that the provider has this certificate.',
  none: 'Check `clientID`. A client that has a secret or a key must send it: set `clientSecret` or `privateKey`.',
} as const

/** What else to try with a secret, unless the provider's metadata says which methods there are. Markdown without links. */
export const OTHER_METHOD_FIXES: Readonly<Partial<Record<string, string>>> = {
  client_secret_basic: "Or try `clientAuthentication: 'client_secret_post'`.",
  client_secret_post: "If they are right, try `clientAuthentication: 'client_secret_basic'`.",
}

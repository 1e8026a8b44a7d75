import {
  allowInsecureRequests,
  customFetch,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
} from 'oauth4webapi'
import type { AuthorizationServer, Client, TokenEndpointResponse } from 'oauth4webapi'
import { createClientAuthentication } from './client-authentication.js'
import { AuthorizationCodeError, TokenEndpointError } from './errors.js'
import { providerText } from './provider-text.js'
import type { Settings } from './settings.js'
import { TransportError } from './transport.js'
import type { Answer, Transport } from './transport.js'
import type { TokenSet } from './types.js'

/** What is exchanged for tokens. */
export interface CodeGrant {
  readonly code: string
  readonly redirectUri: string
  /** Left out when PKCE is off. */
  readonly codeVerifier?: string | undefined
  /** Further parameters of this request. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
}

/** The provider's token endpoint. Each call sends one request, and never sends it again. */
export interface TokenEndpoint {
  /**
   * Exchanges an authorization code.
   *
   * @throws {TokenEndpointError} when there is no valid token response
   * @see [RFC 6749, section 4.1.3 - Access Token Request](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.3)
   * @see [RFC 7636, section 4.5 - Client Sends the Authorization Code and the Code Verifier](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.5)
   */
  exchange(grant: CodeGrant): Promise<TokenSet>
}

/**
 * Any algorithm but `none`, where oauth4webapi alone takes only RS256 untold. The signature is not looked
 * at: the token comes straight from the token endpoint, whose TLS certificate vouches for it.
 *
 * @see [OpenID Connect Core, section 3.1.3.7 - ID Token Validation](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)
 */
const ID_TOKEN_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  ...['EdDSA', 'Ed25519', 'HS256', 'HS384', 'HS512'],
]

type Phase = 'exchange'
type Parameters = Readonly<Record<string, string | undefined>>

/**
 * Reads the credentials and returns the token endpoint.
 *
 * @throws {ConfigurationError} when the credentials are missing or cannot be used
 */
export function createTokenEndpoint(settings: Settings, transport: Transport): TokenEndpoint {
  const authenticate = createClientAuthentication(settings)
  const client: Client = { client_id: settings.clientID }
  const server: AuthorizationServer = {
    // oauth4webapi wants an issuer. A provider without one lends its token endpoint's origin, which is
    // compared with nothing: `iss` is checked elsewhere, and ID tokens are dropped without an issuer.
    issuer: settings.issuer ?? new URL(settings.tokenURL).origin,
    token_endpoint: settings.tokenURL,
    id_token_signing_alg_values_supported: ID_TOKEN_ALGORITHMS,
  }

  async function request(
    phase: Phase,
    grantType: string,
    parameters: Parameters,
  ): Promise<TokenSet> {
    const requestedAt = Date.now()
    let httpStatus: number | undefined
    try {
      const response = await genericTokenEndpointRequest(
        server,
        client,
        authenticate(settings.tokenURL),
        grantType,
        withoutUndefined({ ...settings.tokenParameters, ...parameters }),
        {
          headers: { ...settings.customHeaders },
          // Loopback addresses may be plain HTTP; the transport refuses all others.
          [allowInsecureRequests]: true,
          [customFetch]: async (url, { body, headers }) => {
            const answer = await transport.send({
              method: 'POST',
              url,
              ...encode(body, headers, settings),
            })
            httpStatus = answer.status
            return standardResponse(answer, phase, settings, secretsOf(body, headers, settings))
          },
        },
      )
      const tokens = await processGenericTokenEndpointResponse(server, client, response)
      return toTokenSet(tokens, requestedAt)
    } catch (error) {
      throw asTokenEndpointError(error, phase, httpStatus)
    }
  }

  return {
    exchange: ({ code, redirectUri, codeVerifier, parameters }) =>
      request('exchange', 'authorization_code', {
        ...parameters,
        code,
        redirect_uri: settings.omitRedirectUriInTokenRequest ? undefined : redirectUri,
        code_verifier: codeVerifier,
      }),
  }
}

function withoutUndefined(parameters: Parameters): Record<string, string> {
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return Object.fromEntries(given)
}

/** The request's body and headers in the format the provider reads. */
function encode(
  form: URLSearchParams,
  headers: Record<string, string>,
  { tokenRequestFormat }: Settings,
): { body: string; headers: Record<string, string> } {
  return tokenRequestFormat === 'json'
    ? {
        body: JSON.stringify(Object.fromEntries(form)),
        headers: { ...headers, 'content-type': 'application/json' },
      }
    : {
        body: form.toString(),
        // Without the charset that oauth4webapi adds: some servers compare the whole value.
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      }
}

/** Parameters of which an error message may speak. All others may be secrets, the application's own included. */
const PUBLIC_PARAMETERS: ReadonlySet<string> = new Set([
  'audience',
  'client_assertion_type',
  'client_id',
  'grant_type',
  'redirect_uri',
  'resource',
  'scope',
])

/** What of a request a server could quote back and nobody may read. */
function secretsOf(
  form: URLSearchParams,
  { authorization = '' }: Record<string, string>,
  { clientSecret = '' }: Settings,
): readonly string[] {
  const values = [...form]
    .filter(([name]) => !PUBLIC_PARAMETERS.has(name))
    .map(([, value]) => value)
  return [...values, clientSecret, authorization.replace(/^Basic /, '')]
}

/**
 * Turns what real servers send into the response RFC 6749 describes, or throws what it says is wrong.
 * An `error` counts whatever the HTTP status is, and one without an `error` member counts too.
 */
function standardResponse(
  answer: Answer,
  phase: Phase,
  settings: Settings,
  secrets: readonly string[],
): Response {
  const body = parseBody(answer)
  const message = settings.parseTokenResponse
    ? parsedBy(settings.parseTokenResponse, body, answer, phase)
    : body
  const members: Record<string, unknown> = isObject(message) ? withoutNulls(message) : {}
  const { error, access_token: accessToken, id_token: idToken, ...rest } = members
  const succeeded = answer.status >= 200 && answer.status < 300

  if (!succeeded || (error !== undefined && accessToken === undefined)) {
    throw refusal(answer, phase, members, secrets)
  }
  if (!isObject(message)) {
    throw new TokenEndpointError(
      `The token endpoint answered HTTP ${answer.status} with something that is not a JSON object (content type ${providerText(contentType(answer), secrets) ?? 'none'}).`,
      { phase, httpStatus: answer.status },
    )
  }
  // An ID token can only be validated against an issuer; unvalidated, it would be nobody's word.
  const verifiable =
    settings.issuer === undefined || idToken === undefined ? {} : { id_token: idToken }
  return Response.json({ ...rest, access_token: accessToken, ...verifiable })
}

/** The application's own reading. What it throws may quote the answer, so only its name is passed on. */
function parsedBy(
  parseTokenResponse: NonNullable<Settings['parseTokenResponse']>,
  body: unknown,
  { status }: Answer,
  phase: Phase,
): unknown {
  try {
    return parseTokenResponse(body)
  } catch (error) {
    const { name } = error as Partial<Error>
    throw new TokenEndpointError(
      `parseTokenResponse failed (${name ?? 'no Error'}) on the answer to the ${phase}, HTTP ${status}.`,
      { phase, httpStatus: status },
    )
  }
}

function parseBody(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text) as unknown
  } catch {
    // GitHub and Facebook began with form-encoded answers, and servers modelled on them still send these.
    return contentType(answer) === 'application/x-www-form-urlencoded'
      ? Object.fromEntries(new URLSearchParams(answer.text))
      : answer.text
  }
}

function contentType({ headers }: Answer): string {
  const value = headers['content-type']
  const [type = ''] = (Array.isArray(value) ? value[0] : value)?.split(';', 1) ?? []
  return type.trim().toLowerCase()
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Some servers send `"refresh_token": null` for what they do not give. */
function withoutNulls(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null))
}

/** @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2) */
function refusal(
  { status }: Answer,
  phase: Phase,
  members: Record<string, unknown>,
  secrets: readonly string[],
): TokenEndpointError {
  const error = providerText(members['error'], secrets)
  const errorDescription = providerText(members['error_description'], secrets)
  const said =
    [error, errorDescription].filter((text) => text !== undefined).join(': ') || 'no reason given'
  const advice = error === undefined ? undefined : ADVICE[error]
  return new TokenEndpointError(
    `The token endpoint refused the ${phase} with HTTP ${status} (${said}).${advice === undefined ? '' : ` ${advice}`}`,
    { phase, httpStatus: status, error, errorDescription },
  )
}

const ADVICE: Readonly<Record<string, string>> = {
  invalid_client:
    'Check clientID, the secret or key, and that clientAuthentication is the method the provider expects.',
  invalid_grant:
    'The code or refresh token has expired, was used before, or belongs to another client or redirect URI.',
  unauthorized_client: 'The client is not registered for this grant type.',
}

/** @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1) */
function toTokenSet(response: TokenEndpointResponse, requestedAt: number): TokenSet {
  if (response.token_type !== 'bearer') throw new Error('its "token_type" is not Bearer')
  const { expires_in: expiresIn, refresh_token: refreshToken, scope, id_token: idToken } = response
  return {
    accessToken: response.access_token,
    tokenType: response.token_type,
    ...(expiresIn !== undefined && {
      expiresAt: Math.min(requestedAt + Math.floor(expiresIn * 1000), Number.MAX_SAFE_INTEGER),
    }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(scope !== undefined && { scope }),
    ...(idToken !== undefined && { idToken }),
  }
}

function asTokenEndpointError(
  error: unknown,
  phase: Phase,
  httpStatus: number | undefined,
): unknown {
  if (error instanceof AuthorizationCodeError) return error
  if (error instanceof TransportError) {
    return new TokenEndpointError(
      `The token endpoint gave no answer to the ${phase}: ${error.message}.`,
      {
        phase,
        networkCode: error.networkCode,
        cause: error.cause,
      },
    )
  }
  // Nothing was sent: a function of the application's own failed while the request was made.
  if (httpStatus === undefined) return error
  // What oauth4webapi throws names the member at fault, and has the whole response as its cause: that
  // stays here.
  const { message = 'unknown reason' } = error as Partial<Error>
  return new TokenEndpointError(`The token response is not valid: ${message}.`, {
    phase,
    httpStatus,
  })
}

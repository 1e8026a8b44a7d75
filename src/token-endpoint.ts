import {
  allowInsecureRequests,
  customFetch,
  genericTokenEndpointRequest,
  processGenericTokenEndpointResponse,
  revocationRequest,
} from 'oauth4webapi'
import type { AuthorizationServer, Client } from 'oauth4webapi'
import { createClientAuthentication } from './client-authentication.js'
import { AuthorizationCodeError, TokenEndpointError } from './errors.js'
import type { Settings } from './settings.js'
import { standardResponse, toTokenSet } from './token-response.js'
import type { Phase } from './token-response.js'
import { TransportError } from './transport.js'
import type { Transport } from './transport.js'
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

  /**
   * Gets new tokens for `tokens.refreshToken`. What the answer leaves out stays as it was: the refresh
   * token, the scope.
   *
   * @throws {TokenEndpointError} when there is no valid token response
   * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
   */
  refresh(tokens: TokenSet): Promise<TokenSet>

  /**
   * Revokes the refresh token and the access token, if the provider has a `revocationURL`. Takes 3 seconds
   * at most and never fails: there is nothing left to do about it, and the tokens are forgotten here.
   *
   * @see [RFC 7009, section 2.1 - Revocation Request](https://www.rfc-editor.org/rfc/rfc7009.html#section-2.1)
   */
  revoke(tokens: TokenSet): Promise<void>
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

/** How long a revocation may take, in milliseconds: nobody's logout waits longer for it. */
const REVOCATION_TIMEOUT_MS = 3_000

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
    ...(settings.revocationURL !== undefined && { revocation_endpoint: settings.revocationURL }),
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
      return toTokenSet(tokens, requestedAt, settings)
    } catch (error) {
      throw asTokenEndpointError(error, phase, httpStatus)
    }
  }

  async function revokeOne(token: string, hint: string): Promise<void> {
    if (settings.revocationURL === undefined) return
    await revocationRequest(server, client, authenticate(settings.revocationURL), token, {
      headers: { ...settings.customHeaders },
      additionalParameters: { token_type_hint: hint },
      [allowInsecureRequests]: true,
      [customFetch]: async (url, { body, headers }) => {
        const timeoutMs = Math.min(settings.timeoutMs, REVOCATION_TIMEOUT_MS)
        // RFC 7009 knows only forms, also where token requests are JSON.
        const form = encode(body, headers, { ...settings, tokenRequestFormat: 'form' })
        await transport.send({ method: 'POST', url, timeoutMs, ...form })
        // Real servers answer with nothing, HTML, text or {}, and with 400 for a token they have forgotten.
        return new Response()
      },
    })
  }

  return {
    exchange: ({ code, redirectUri, codeVerifier, parameters }) =>
      request('exchange', 'authorization_code', {
        ...parameters,
        code,
        redirect_uri: settings.omitRedirectUriInTokenRequest ? undefined : redirectUri,
        code_verifier: codeVerifier,
      }),

    async refresh(tokens) {
      const { refreshToken, scope, idToken, refreshTokenExpiresAt } = tokens
      const renewed = await request('refresh', 'refresh_token', { refresh_token: refreshToken })
      const kept = renewed.refreshToken === undefined ? { refreshToken, refreshTokenExpiresAt } : {}
      return withoutUndefined({ scope, idToken, ...renewed, ...kept })
    },

    async revoke({ refreshToken, accessToken }) {
      await Promise.allSettled([
        refreshToken !== undefined && revokeOne(refreshToken, 'refresh_token'),
        revokeOne(accessToken, 'access_token'),
      ])
    },
  }
}

/** Leaves out the members that are `undefined`. */
function withoutUndefined<Members extends object>(
  members: Members,
): { [Name in keyof Members]: Exclude<Members[Name], undefined> } {
  const given = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [Name in keyof Members]: Exclude<Members[Name], undefined> }
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

import { standardResponse } from '../client/answer.js'
import type { Phase, TokenResponseSettings } from '../client/answer.js'
import type { ClientRequest, ClientRequestOptions } from '../client/requests.js'
import type { Connection } from '../client/connection-limit.js'
import { rethrowAs } from '../client/transport.js'
import { UndecryptableJwtError, decryptIdToken } from './encrypted-jwt.js'
import type { DecryptJwt } from './encrypted-jwt.js'
import { checkIdToken, checkRefreshedIdToken } from './id-token.js'
import type { IdTokenClaims, IdTokenSettings } from './id-token.js'
import type { VerifyProviderJwt } from './expected-jwt.js'
import { checkMembers, toTokenSet, tokensIn, withoutTokens } from './token-response.js'
import { AuthorizationCodeError, ConfigurationError, TokenEndpointError } from '../errors/errors.js'
import { once } from '../lib/once.js'
import { withoutUndefined } from '../lib/without-undefined.js'
import { callAtOnce } from '../options/call-function.js'
import { checkParameters } from '../options/parameters.js'
import type { RefreshParameters } from '../options/parameters.js'
import type { ExpectedIdToken } from '../options/pending-login-store.js'
import type { TokenSet } from '../options/token-set.js'

/** oauth4webapi is loaded with the first token response. */
const loadValidation = once(() => import('./validated-response.js'))

/** A code to exchange for tokens. */
export interface CodeGrant {
  readonly code: string
  readonly redirectUri: string
  /** Left out if PKCE is off. */
  readonly codeVerifier?: string | undefined
  /** What the ID token must contain; left out if the login requested none. */
  readonly idToken?: ExpectedIdToken | undefined
  /** Further parameters of this request. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** Called with tokens that came in a response which is refused, such as for its ID token. */
  readonly onRefused?: ((tokens: TokenSet) => void) | undefined
}

/** What the provider returned for a code. */
export interface Exchanged {
  readonly tokens: TokenSet
  /** The claims of the ID token, validated; `undefined` if there is none. */
  readonly claims: IdTokenClaims | undefined
  /** The members of the token response, without the tokens. */
  readonly tokenResponse: Readonly<Record<string, unknown>>
}

/** The provider's token endpoint. Each call makes one request. */
export interface TokenEndpoint {
  /**
   * Exchanges an authorization code.
   *
   * @throws {TokenEndpointError} if there is no valid token response
   * @throws {DiscoveryError} if the keys that the ID token is signed with cannot be loaded
   * @throws {AuthenticationRequirementsError} if the person was not authenticated as the login has asked for
   * @see [RFC 6749, section 4.1.3 - Access Token Request](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.3)
   * @see [RFC 7636, section 4.5 - Client Sends the Authorization Code and the Code Verifier](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.5)
   */
  readonly exchange: (grant: CodeGrant) => Promise<Exchanged>

  /**
   * Refreshes the tokens. If the response has no refresh token or no scope, the old one is kept. If the keys of the new ID token
   * cannot be loaded, the old ID token is kept and the refresh succeeds. If the new ID token is wrong, the response is refused,
   * because it may be another person's: none of its tokens is used, and none is revoked, as that could end the grant of
   * either person.
   *
   * @throws {TokenEndpointError} if there is no valid token response
   * @throws what `control.beforeWrite` throws, exactly
   * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
   */
  readonly refresh: (tokens: TokenSet, control?: RefreshControl) => Promise<TokenSet>
}

/** How one refresh is sent. */
export interface RefreshControl {
  /**
   * Called at the moment when the request is written to its connection, and again when it is repeated with a DPoP nonce. If it throws,
   * nothing is written, and `refresh` rejects with exactly what it threw.
   */
  readonly beforeWrite?: (() => void) | undefined
  /** A connection that the caller has acquired, and releases. */
  readonly connection?: Connection | undefined
  /** How long to wait for the answer, in **milliseconds**; it may be longer than the option `timeoutMs`. */
  readonly timeoutMs?: number | undefined
  /**
   * Parameters of this refresh, such as `scope` for fewer permissions. They replace those of the options; `resource` replaces all
   * resources. A list is sent as one parameter for each element.
   */
  readonly parameters?: Readonly<Record<string, string | readonly string[]>> | undefined
}

type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** Where the token endpoint is, and the format of its requests. */
export interface TokenEndpointSettings extends TokenResponseSettings, IdTokenSettings {
  readonly tokenURL: string
  readonly tokenRequestFormat: 'form' | 'json'
  readonly tokenParameters: Readonly<Record<string, string>>
  readonly refreshParameters: RefreshParameters
  readonly resource: readonly string[]
  readonly omitRedirectUriInTokenRequest: boolean
}

/**
 * The token endpoint, asked by `request`. `verify` verifies ID tokens; without an issuer, there are none. `decrypt` is for
 * encrypted ones.
 */
export function createTokenEndpoint(
  settings: TokenEndpointSettings,
  request: ClientRequest,
  verify: VerifyProviderJwt | undefined,
  decrypt: DecryptJwt = (_kind, jwt) => Promise.resolve(jwt),
): TokenEndpoint {
  const idTokens = verify === undefined ? undefined : { settings, verify }

  /** The further parameters of one refresh. */
  function refreshParametersFor(tokens: TokenSet): Parameters {
    const { refreshParameters: given } = settings
    if (typeof given !== 'function') return given
    // A copy, because these are the tokens that the engine goes on with if the refresh fails.
    const parameters = callAtOnce('refreshParameters', () => given({ ...tokens }))
    return checkParameters(parameters, 'refreshParameters')
  }

  /** Sends one token request and resolves to the members of its response in standard form. */
  async function ask(
    phase: Phase,
    grantType: string,
    parameters: Parameters,
    { beforeWrite, ...sending }: Omit<ClientRequestOptions, 'format'> = {},
  ): Promise<CompleteResponse> {
    let requestedAt = Date.now()
    const all = { ...settings.tokenParameters, ...parameters, grant_type: grantType }
    const form = formOf(all)
    const resources = parameters['resource'] === undefined ? settings.resource : []
    for (const resource of resources) form.append('resource', resource)
    // What cannot be loaded now, such as because too many files are open, must not cost the code or the refresh token.
    await loadValidation()
    await verify?.prepare?.()
    const { answer, ...sent } = await request(settings.tokenURL, form, {
      ...sending,
      format: settings.tokenRequestFormat,
      beforeWrite() {
        beforeWrite?.()
        // The life of the tokens counts from here. What comes before may take long: the queue, signing, connecting.
        requestedAt = Date.now()
      },
    }).catch(
      rethrowAs(TokenEndpointError, `The token endpoint gave no answer to the ${phase}`, phase),
    )
    const { status } = answer
    const members = await valid(phase, status, () =>
      standardResponse(answer, phase, settings, sent),
    )
    return { members, status, requestedAt }
  }

  /** Reads a token response: its tokens, and its ID token as it has come. */
  async function read({ members, requestedAt }: CompleteResponse): Promise<ReadResponse> {
    const { id_token: idToken, ...body } = members
    checkMembers(body)
    const { validatedResponse } = await loadValidation()
    const parsed = await validatedResponse(body)
    if (idToken !== undefined && typeof idToken !== 'string') {
      throw new Error('its "id_token" is not a string')
    }
    const tokens = toTokenSet(parsed, requestedAt, settings)
    return { tokens, idToken, tokenResponse: withoutTokens(body) }
  }

  /**
   * A refreshed ID token, verified. `undefined` if there is none, or none that can be verified: with the keys as they are, it
   * cannot be decrypted, or nobody can say whether its signature is right.
   */
  async function refreshedIdToken(
    { idToken: given, tokens: { accessToken } }: ReadResponse,
    before: string | undefined,
  ): Promise<string | undefined> {
    if (given === undefined || idTokens === undefined) return undefined
    try {
      const idToken = await decryptIdToken(given, decrypt)
      const claims = await checkRefreshedIdToken({ idToken, accessToken }, before, idTokens)
      return claims && idToken
    } catch (error) {
      // The application's function for a key or a secret may fail for a moment.
      const isOurs = error instanceof UndecryptableJwtError || error instanceof ConfigurationError
      if (isOurs) return undefined
      throw error
    }
  }

  return {
    async exchange({ code, redirectUri, codeVerifier, idToken: expected, parameters, onRefused }) {
      const response = await ask('exchange', 'authorization_code', {
        ...parameters,
        code,
        redirect_uri: settings.omitRedirectUriInTokenRequest ? undefined : redirectUri,
        code_verifier: codeVerifier,
      })
      const exchanged = valid('exchange', response.status, async () => {
        const { tokens, idToken: given, tokenResponse } = await read(response)
        if (given === undefined || idTokens === undefined) {
          if (expected === undefined || idTokens === undefined)
            return { tokens, claims: undefined, tokenResponse }
          throw new Error('it has no ID token, although the scope has openid')
        }
        const { accessToken } = tokens
        const idToken = await decryptIdToken(given, decrypt)
        const claims = await checkIdToken({ idToken, accessToken }, expected, idTokens)
        return { tokens: { ...tokens, idToken }, claims, tokenResponse }
      })
      return exchanged.catch((error: unknown) => {
        const tokens = tokensIn(response.members)
        if (tokens !== undefined) onRefused?.(tokens)
        throw error
      })
    },

    async refresh(tokens, { parameters, ...sending } = {}) {
      const { refreshToken, idToken, refreshTokenExpiresAt, authorizationDetails } = tokens
      // An answer without a scope says that it is the one that was asked for.
      const further = { ...refreshParametersFor(tokens), ...parameters }
      const { scope = tokens.scope } = further as { readonly scope?: string }
      const response = await ask(
        'refresh',
        'refresh_token',
        { ...further, refresh_token: refreshToken },
        { ...sending, urgent: false },
      )
      return valid('refresh', response.status, async () => {
        const received = await read(response)
        const { tokens: renewed } = received
        const kept =
          renewed.refreshToken === undefined ? { refreshToken, refreshTokenExpiresAt } : {}
        return withoutUndefined({
          scope,
          authorizationDetails,
          ...renewed,
          ...kept,
          idToken: (await refreshedIdToken(received, idToken)) ?? idToken,
        })
      })
    },
  }
}

/** A token response that has come, and is to be validated. */
interface CompleteResponse {
  readonly members: Readonly<Record<string, unknown>>
  readonly status: number
  /** When the request was written, in **milliseconds since the epoch**. */
  readonly requestedAt: number
}

/** A valid token response. */
interface ReadResponse {
  /** Without the ID token. */
  readonly tokens: TokenSet
  /** Neither decrypted nor verified yet. */
  readonly idToken: string | undefined
  /** See {@link Exchanged}. */
  readonly tokenResponse: Readonly<Record<string, unknown>>
}

/** The parameters as a form. Those that are `undefined` are left out; a list is one parameter for each element. */
function formOf(parameters: Parameters): URLSearchParams {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    const values = typeof value === 'string' ? [value] : (value ?? [])
    for (const one of values) form.append(name, one)
  }
  return form
}

/**
 * The result of `read`, whose errors become token endpoint errors.
 *
 * @throws {TokenEndpointError}
 */
async function valid<Value>(
  phase: Phase,
  httpStatus: number,
  read: () => Value | Promise<Value>,
): Promise<Value> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof AuthorizationCodeError) throw error
    // oauth4webapi's message names the member at fault. Its cause is the whole response with the tokens, which
    // must not be passed on.
    const { message = 'unknown reason' } = error as Partial<Error>
    throw new TokenEndpointError(`The token response is not valid: ${message}.`, {
      phase,
      httpStatus,
    })
  }
}

import type { TokenEndpointResponse } from 'oauth4webapi'
import { parseBody, refusalOf, typeOf } from '../client/answer.js'
import type { Answer } from '../client/transport.js'
import { TokenEndpointError } from '../errors/errors.js'
import { MAXIMUM_DEPTH, isObject, isTooDeep } from '../lib/json.js'
import { providerText } from '../lib/provider-text.js'
import type { AuthorizationDetail } from '../options/authorization-details.js'
import type { TokenSet } from '../options/token-set.js'

/** What a token request is for. */
export type Phase = 'exchange' | 'refresh'

/** What a token response depends on. */
export interface TokenResponseSettings {
  /** Without it, ID tokens are dropped: they cannot be validated. */
  readonly issuer?: string | undefined
  readonly parseTokenResponse?: ((body: unknown) => Readonly<Record<string, unknown>>) | undefined
  /** Present if the tokens are to be bound to a key. */
  readonly dpopKey?: unknown
  readonly refreshTokenLifetimeSeconds?: number | undefined
}

/**
 * Turns what real servers send into the response RFC 6749 describes, or throws what it says is wrong.
 * An `error` counts whatever the HTTP status is, and one without an `error` member counts too.
 */
export function standardResponse(
  answer: Answer,
  phase: Phase,
  settings: TokenResponseSettings,
  secrets: () => readonly string[],
): Response {
  const body = parseBody(answer)
  const message = settings.parseTokenResponse
    ? parsedBy(settings.parseTokenResponse, body, answer, phase)
    : body
  const members: Record<string, unknown> = isObject(message) ? withoutNulls(message) : {}
  const { error, access_token: accessToken, id_token: idToken, ...rest } = members
  const succeeded = answer.status >= 200 && answer.status < 300

  if (!succeeded || (error !== undefined && accessToken === undefined)) {
    const { said, facts } = refusalOf(answer, members, secrets())
    throw new TokenEndpointError(`The token endpoint refused the ${phase} ${said}`, {
      phase,
      ...facts,
    })
  }
  if (!isObject(message)) {
    throw new TokenEndpointError(
      `The token endpoint answered HTTP ${answer.status} with something that is not a JSON object (content type ${providerText(typeOf(answer), secrets()) ?? 'none'}).`,
      { phase, httpStatus: answer.status },
    )
  }
  // An ID token can only be validated against an issuer; unvalidated, it would be nobody's word.
  const verifiable =
    settings.issuer === undefined || idToken === undefined ? {} : { id_token: idToken }
  return jsonResponse({ ...rest, access_token: accessToken, ...verifiable })
}

const JSON_HEADERS = new Headers({ 'content-type': 'application/json' })

/** What oauth4webapi reads of a response with JSON. The built-in one would put it into a stream first, and read that. */
class JsonResponse extends Response {
  readonly #text: string
  override readonly headers = JSON_HEADERS

  constructor(text: string) {
    super()
    this.#text = text
  }

  override readonly json = (): Promise<unknown> =>
    Promise.resolve(JSON.parse(this.#text) as unknown)
}

/** A successful response with this body, for oauth4webapi to validate. */
export function jsonResponse(body: Readonly<Record<string, unknown>>): Response {
  return new JsonResponse(JSON.stringify(body))
}

/** The application's own reading. What it throws may quote the answer, so only its name is passed on. */
function parsedBy(
  parseTokenResponse: NonNullable<TokenResponseSettings['parseTokenResponse']>,
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

/** Some servers send `"refresh_token": null` for what they do not give. */
function withoutNulls(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null))
}

/**
 * The token set of a valid token response.
 *
 * @param requestedAt when the request was sent, in milliseconds since the epoch: lifetimes count from there
 * @throws {Error} when the tokens are of a type that was not asked for, or cannot be kept or sent
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export function toTokenSet(
  response: TokenEndpointResponse,
  requestedAt: number,
  settings: TokenResponseSettings,
): TokenSet {
  const tokenType = settings.dpopKey === undefined ? 'bearer' : 'dpop'
  if (response.token_type !== tokenType) {
    throw new Error(`its "token_type" is not ${tokenType === 'dpop' ? 'DPoP' : 'Bearer'}`)
  }
  if (!/^[\x20-\x7e]+$/.test(response.access_token)) {
    throw new Error('its "access_token" has characters that no header can have')
  }
  const { expires_in, refresh_token: refreshToken, scope, id_token: idToken } = response
  const details: unknown = response.authorization_details
  if (isTooDeep(details)) {
    throw new Error(`its "authorization_details" is nested deeper than ${MAXIMUM_DEPTH} levels`)
  }
  const refreshTokenLifetime =
    // Not in any RFC, yet Google, Microsoft, GitHub and others send it.
    seconds(response['refresh_token_expires_in']) ?? settings.refreshTokenLifetimeSeconds
  return {
    accessToken: response.access_token,
    tokenType,
    ...(expires_in !== undefined && { expiresAt: endOf(requestedAt, expires_in) }),
    ...(refreshToken !== undefined && { refreshToken }),
    ...(refreshToken !== undefined &&
      refreshTokenLifetime !== undefined && {
        refreshTokenExpiresAt: endOf(requestedAt, refreshTokenLifetime),
      }),
    ...(scope !== undefined && { scope }),
    ...(idToken !== undefined && { idToken }),
    ...(Array.isArray(details) && {
      authorizationDetails: details as readonly AuthorizationDetail[],
    }),
  }
}

function endOf(startedAt: number, lifetimeSeconds: number): number {
  return Math.min(startedAt + Math.floor(lifetimeSeconds * 1000), Number.MAX_SAFE_INTEGER)
}

function seconds(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number.parseFloat(value) : value
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : undefined
}

import { errorIn, mayConcernGrant } from './error-body.js'
import type { Answer } from './exchange.js'
import { isObject } from './is-object.js'
import { retryAfterMs } from './retry-after.js'
import { standardMembers } from './standard-members.js'
import type { OAuthErrorFacts } from '../errors/error-entry.js'
import { adviceForStatus } from '../errors/http-statuses.js'
import {
  adviceOf,
  isRefusalOfClient,
  oauthErrorFrom,
  registeredError,
  tokenErrorOf,
} from '../errors/oauth-errors.js'
import { TokenEndpointError } from '../errors/provider-errors.js'
import { providerText } from '../lib/provider-text.js'
import { settled } from '../lib/settled.js'

export { isObject } from './is-object.js'

/** How deep a value that is kept in a session may be nested. */
export const MAXIMUM_DEPTH = 100

/** Whether a value is nested too deep. `JSON.parse` accepts any depth, but `JSON.stringify` overflows the stack. */
export function isTooDeep(value: unknown, levels = MAXIMUM_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((one) => isTooDeep(one, levels - 1))
}

const FORM = 'application/x-www-form-urlencoded'

/** The body of an answer: the value of its JSON, or its text. */
export function parseBody(answer: Answer): unknown {
  try {
    return JSON.parse(answer.text) as unknown
  } catch {
    // GitHub's and Facebook's first answers were form-encoded, and servers modelled on them still send these.
    return typeOf(answer) === FORM
      ? Object.fromEntries(new URLSearchParams(answer.text))
      : answer.text
  }
}

/** The media type of an answer, in lower case and without parameters. */
export function typeOf({ headers }: Answer): string {
  const value = headers['content-type']
  const [type = ''] = (Array.isArray(value) ? value[0] : value)?.split(';', 1) ?? []
  return type.trim().toLowerCase()
}

/** What the body of an answer is, if it does not say what was expected. */
export function describeBody(answer: Answer): string {
  const { text } = answer
  if (text.trim() === '') return 'an empty body'
  if (typeOf(answer) === 'text/html' || /^\s*<(?:!doctype|html)\b/i.test(text))
    return 'an HTML page'
  const body = parseBody(answer)
  if (isObject(body)) return typeOf(answer) === FORM ? 'a form' : 'a JSON object'
  return body === text ? 'a text' : 'JSON that is not an object'
}

/** What an error about an answer needs of its request. */
export interface SentRequest {
  /** The secrets of the request, which a server could quote: to be removed from any text of the answer. */
  readonly secrets: () => readonly string[]
  /** What to try if the provider does not accept the client, as sentences. */
  readonly clientAdvice: () => string
  /** What has answered. @default an endpoint that is called like the token endpoint */
  readonly source?: 'resource'
}

/** An OAuth error response. */
export interface Refusal {
  /** The end of a message that begins with what was refused. */
  readonly said: string
  readonly facts: OAuthErrorFacts & {
    readonly httpStatus: number
    readonly retryAfterMs: number | undefined
    readonly mayConcernGrant: boolean
  }
}

/**
 * Reads an error response.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export function refusalOf(
  answer: Answer,
  members: Record<string, unknown>,
  sent: SentRequest,
): Refusal {
  const { status } = answer
  const secrets = [...sent.secrets(), ...tokensIn(members)]
  const said = errorIn(members)
  const error = registeredError(said.error) ?? providerText(said.error, secrets)
  const errorDescription = providerText(said.description, secrets)
  const reason = [error, errorDescription].filter((one) => one !== undefined).join(': ')
  const facts = {
    httpStatus: status,
    retryAfterMs: retryAfterMs(answer),
    error,
    errorDescription,
    mayConcernGrant: error === undefined && mayConcernGrant(answer.text, parseBody(answer)),
  }
  const known =
    sent.source === undefined ? tokenErrorOf(error, status) : oauthErrorFrom(sent.source, error)
  const isClient = sent.source === undefined && isRefusalOfClient(error, status)
  const fix = isClient ? sent.clientAdvice() : undefined
  const advice = known === undefined ? adviceForStatus(facts) : adviceOf(known, fix)
  return {
    said: `with HTTP ${status} (${reason || `no reason given, but ${describeBody(answer)}`}). ${advice}`.trimEnd(),
    facts,
  }
}

/** The tokens in an error response: its text may quote them. */
function tokensIn(members: Record<string, unknown>): string[] {
  return ['access_token', 'refresh_token', 'id_token']
    .map((name) => members[name])
    .filter((value) => typeof value === 'string')
}

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
 * Turns an answer of a real server into the members of a token response as RFC 6749 describes it. An answer with an `error` and
 * no access token is an error whatever its HTTP status, and so is one with an error status, whatever is in it.
 *
 * @throws {TokenEndpointError} if it is an error, or not a JSON object
 */
export function standardResponse(
  answer: Answer,
  phase: Phase,
  settings: TokenResponseSettings,
  sent: SentRequest,
): Readonly<Record<string, unknown>> {
  const body = parseBody(answer)
  const message = settings.parseTokenResponse
    ? parsedBy(settings.parseTokenResponse, body, answer, phase)
    : body
  const members: Record<string, unknown> = isObject(message) ? standardMembers(message) : {}
  const { error, access_token: accessToken, id_token: idToken, ...rest } = members
  const succeeded = answer.status >= 200 && answer.status < 300

  if (!succeeded || (error !== undefined && accessToken === undefined)) {
    const { said, facts } = refusalOf(answer, members, sent)
    throw new TokenEndpointError(`The token endpoint refused the ${phase} ${said}`, {
      phase,
      ...facts,
    })
  }
  if (!isObject(message)) {
    if (settings.parseTokenResponse !== undefined) {
      throw new TokenEndpointError(
        `parseTokenResponse returned no object for the answer to the ${phase}, HTTP ${answer.status} with ${describeBody(answer)}. It must return one, and not a promise of it.`,
        { phase, httpStatus: answer.status },
      )
    }
    throw new TokenEndpointError(
      `The token endpoint answered HTTP ${answer.status} with ${describeBody(answer)} instead of a JSON object (content type ${providerText(typeOf(answer), sent.secrets()) ?? 'none'}). ${adviceForBody(answer)}`,
      { phase, httpStatus: answer.status },
    )
  }
  // An ID token can be validated only against an issuer. One that is not validated must not be used.
  const verifiable =
    settings.issuer === undefined || idToken === undefined ? {} : { id_token: idToken }
  return { ...rest, access_token: accessToken, ...verifiable }
}

/** What to do about a successful answer that is not a JSON object. */
function adviceForBody(answer: Answer): string {
  if (/(?:^|&)access_token=/.test(answer.text.trim())) {
    return 'It looks like a form. If the provider documents that, read it with parseTokenResponse: (body) => Object.fromEntries(new URLSearchParams(String(body))).'
  }
  return 'Check that tokenURL is the token endpoint of this provider; parseTokenResponse can read an unusual answer.'
}

/** Calls the application's function. Its errors may quote the answer, so only their names are passed on. */
function parsedBy(
  parseTokenResponse: NonNullable<TokenResponseSettings['parseTokenResponse']>,
  body: unknown,
  { status }: Answer,
  phase: Phase,
): unknown {
  try {
    const returned = settled(parseTokenResponse(body))
    // A copy as JSON would give it: without functions, dates and getters of the application.
    return isObject(returned) ? (JSON.parse(JSON.stringify(returned)) as unknown) : returned
  } catch (error) {
    const { name } = Object(error) as Partial<Error>
    throw new TokenEndpointError(
      `parseTokenResponse failed (${name ?? 'no Error'}) on the answer to the ${phase}, HTTP ${status}.`,
      { phase, httpStatus: status },
    )
  }
}

import { registeredError } from '../errors/oauth-errors.js'
import { isObject } from './is-object.js'

/** What HTTP calls the statuses of refusals. Such a name says nothing about OAuth. */
const NAMES_OF_STATUSES: ReadonlySet<string> = new Set([
  'Bad Request',
  'Unauthorized',
  'Forbidden',
  'Not Found',
  'Too Many Requests',
  'Internal Server Error',
])

/** Words of an error response that is about the client's registration or credentials. */
const ABOUT_CLIENT = /client|secret|applicat|\bapps?\b|authenticat|credential|assertion|api.?key/i

type Members = Readonly<Record<string, unknown>>

/** What an error response says, as the server wrote it. */
export interface SaidError {
  /** The OAuth `error`. */
  readonly error?: string | undefined
  readonly description?: string | undefined
}

/**
 * Reads an error response. Many servers do not send the `error` and `error_description` of RFC 6749:
 *
 * - Facebook: `{"error":{"message":"…","type":"OAuthException","code":100}}`
 * - HubSpot: `{"status":"BAD_AUTH_CODE","message":"…"}`
 * - Strava: `{"message":"Bad Request","errors":[{"resource":"…","field":"code","code":"invalid"}]}`
 * - Twitch: `{"error":"Bad Request","status":400,"message":"…"}`
 * - Zoom: `{"reason":"Invalid Token!","error":"invalid_request"}`
 *
 * Their own codes become part of the description. As an `error`, they would be taken for one of OAuth's.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export function errorIn(members: Members): SaidError {
  const { error } = members
  const nested = isObject(error) ? error : {}
  const codes = [nested['error'], nested['code'], nested['type'], members['code']]
  return {
    error:
      typeof error === 'string' && !NAMES_OF_STATUSES.has(error)
        ? error
        : codes.map(registeredError).find((code) => code !== undefined),
    description: descriptionIn(members, nested),
  }
}

function descriptionIn(members: Members, nested: Members): string | undefined {
  const { error_description: standard, errors } = members
  if (typeof standard === 'string') return standard
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  const listed = isObject(first) ? first : {}
  const messages = [
    ...[nested['message'], members['message'], listed['message']],
    ...[members['detail'], members['reason']],
  ]
  const message = messages.filter((text) => typeof text === 'string').find((text) => text !== '')
  const details = [
    ...[nested['type'], nested['code'], listed['resource'], listed['field'], listed['code']],
    // Twitch has the HTTP status there, as a number.
    typeof members['status'] === 'string' ? members['status'] : undefined,
  ].filter((one) => typeof one === 'string' || typeof one === 'number')
  const detail = details.length === 0 ? undefined : details.join(', ')
  return message === undefined || detail === undefined
    ? (message ?? detail)
    : `${message} (${detail})`
}

/**
 * Whether an error response without an OAuth `error` may be about the grant. It is not if it speaks of the client, in whatever member,
 * or is a page or a text, as proxies and firewalls send.
 *
 * @param body the text, parsed
 */
export function mayConcernGrant(text: string, body: unknown): boolean {
  return text.trim() === '' || (isObject(body) && !ABOUT_CLIENT.test(text))
}

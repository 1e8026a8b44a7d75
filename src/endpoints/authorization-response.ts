import type { IncomingHttpHeaders } from 'node:http'
import {
  AuthenticationRequirementsError,
  AuthorizationResponseError,
  ConfigurationError,
} from '../errors/errors.js'
import type { RequestedAuthentication } from '../errors/errors.js'
import { isRefusal } from '../errors/oauth-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { ParseAuthorizationError } from '../options/parse-authorization-error.js'
import { describeError, readAuthorizationError } from './authorization-error.js'

/** The parameters that are read. Each may occur once; all others are ignored. */
const PARAMETERS = ['state', 'code', 'iss', 'error', 'error_description', 'error_uri'] as const

/**
 * Any of these makes a request a callback. `response` is the parameter of a signed response. Facebook sends some errors
 * with an `error_code` alone: a route that took them for a visit would send the browser there again and again.
 */
const MARKERS = ['state', 'code', 'error', 'error_code', 'response'] as const

/**
 * The parameters of the authorization response, from the query or, for `form_post`, from the form.
 *
 * @see [RFC 6749, section 4.1.2 - Authorization Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-4.1.2)
 * @see [OAuth 2.0 Form Post Response Mode](https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html)
 */
export function readResponseParameters(request: LoginRequest): URLSearchParams {
  return request.method === 'POST' ? readForm(request) : readQuery(request)
}

/** The parameters of the request's query. A repeated parameter is there twice. */
export function readQuery({ originalUrl, url = '' }: LoginRequest): URLSearchParams {
  const [, query = ''] = /\?([^#]*)/.exec(originalUrl ?? url) ?? []
  return new URLSearchParams(query)
}

function readForm({ body, headers }: LoginRequest): URLSearchParams {
  // A form without fields, such as a login button.
  if (body === undefined && !hasContent(headers)) return new URLSearchParams()
  if (typeof body !== 'object' || body === null) {
    throw new ConfigurationError(
      'The callback came by POST and its form was not read: put express.urlencoded({ extended: false }) before this route, or use authRouter.',
    )
  }
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(body)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      // A nested form field is not a parameter's value: the empty text matches nothing.
      parameters.append(name, typeof one === 'string' ? one : '')
    }
  }
  return parameters
}

/** @see [RFC 9112, section 6.3 - Message Body Length](https://www.rfc-editor.org/rfc/rfc9112.html#section-6.3) */
function hasContent(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Whether a request with these parameters is a callback. */
export function isResponse(parameters: URLSearchParams): boolean {
  return MARKERS.some((name) => parameters.has(name))
}

/** The `state` of a callback; `undefined` if there is none or more than one. */
export function stateParameter(parameters: URLSearchParams): string | undefined {
  const states = parameters.getAll('state')
  return states.length === 1 ? states[0] : undefined
}

/** The provider's response: a code, or a refusal, by the person or because `prompt=none` forbids asking the person. */
export type AuthorizationResponse =
  | { readonly kind: 'code'; readonly code: string }
  | {
      readonly kind: 'refused'
      readonly error: string
      readonly errorDescription: string | undefined
    }

/** What the response is compared with. */
export interface ExpectedResponse {
  readonly issuer: string | undefined
  readonly issRequired: boolean
  /** How the login has asked for the person to be authenticated. */
  readonly requested?: RequestedAuthentication
  readonly parseAuthorizationError?: ParseAuthorizationError | undefined
}

/**
 * Reads a response whose `state` has been matched to a pending login.
 *
 * @throws {AuthenticationRequirementsError} if the provider could not authenticate the person as the login has asked for
 * @throws {AuthorizationResponseError} if it is malformed, comes from another issuer, or reports an error that is not a
 *   refusal
 * @throws {ConfigurationError} if `parseAuthorizationError` throws
 * @see [RFC 9207, section 2.4 - Validating the Issuer Identifier](https://www.rfc-editor.org/rfc/rfc9207.html#section-2.4)
 */
export function readResponse(
  parameters: URLSearchParams,
  expected: ExpectedResponse,
): AuthorizationResponse {
  const repeated = PARAMETERS.find((name) => parameters.getAll(name).length > 1)
  if (repeated !== undefined) {
    throw new AuthorizationResponseError(`The callback has more than one '${repeated}'.`)
  }
  checkIssuer(parameters.get('iss'), expected)

  const code = parameters.get('code')
  const reported = readAuthorizationError(parameters, expected.parseAuthorizationError)
  if (reported !== undefined) {
    if (code !== null)
      throw new AuthorizationResponseError('The callback has both a code and an error.')
    const { error = '', errorDescription } = reported
    if (error === 'unmet_authentication_requirements') {
      throw new AuthenticationRequirementsError(expected.requested ?? {})
    }
    if (isRefusal(error)) return { kind: 'refused', error, errorDescription }
    const message = describeError('The provider ended the login with', reported)
    throw new AuthorizationResponseError(message, reported)
  }
  if (code === null || code === '')
    throw new AuthorizationResponseError('The callback has no code.')
  return { kind: 'code', code }
}

function checkIssuer(
  iss: string | null,
  { issuer, issRequired }: { issuer: string | undefined; issRequired: boolean },
): void {
  if (iss === null) {
    if (issRequired)
      throw new AuthorizationResponseError(
        'The callback has no iss, which this provider always sends.',
      )
  } else if (issuer !== undefined && iss !== issuer) {
    throw new AuthorizationResponseError(
      'The callback comes from another issuer than the login was started with.',
    )
  }
}

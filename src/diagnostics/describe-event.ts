import type { DiagnosticError, DiagnosticEvent } from './events.js'
import type { FlowEvent, FlowFailure } from './observation.js'
import { shownText } from './shown-values.js'
import type { SpanEnd } from './tracing.js'
import { AuthorizationCodeError, ProviderError } from '../errors/errors.js'

/** The event of a step for observers, without secrets. */
export function stepEvent({
  step,
  outcome,
  reason,
  durationMs,
  error,
}: DiagnosticEvent): FlowEvent {
  return {
    type: 'step',
    step,
    outcome,
    durationMs,
    ...(reason !== undefined && { reason: shownText(reason) }),
    ...(error !== undefined && { message: shownText(error.message) }),
    ...(error?.oauthError !== undefined && { oauthError: shownText(error.oauthError) }),
  }
}

/** What an observer receives about the error that ended a flow, without secrets. */
export function failureOf(error: unknown): FlowFailure {
  const { message, oauthError } = factsOf(error) ?? {}
  return {
    reason: shownText(reasonOf(error)),
    message: message && shownText(message),
    oauthError: oauthError && shownText(oauthError),
  }
}

/** An event as a line of the log, such as `jiko failed ERR_TOKEN_ENDPOINT after 31 ms: The provider refused …`. */
export function lineOf({
  strategy,
  outcome,
  reason,
  errorDescription,
  cookies,
  durationMs,
  error,
}: DiagnosticEvent): string {
  const said = errorDescription === undefined ? undefined : `(${errorDescription})`
  const names = cookies?.join(', ')
  const duration = durationMs === 0 ? undefined : `after ${Math.round(durationMs)} ms`
  const parts = [strategy, outcome, reason, said, names, duration]
  const line = parts.filter((part) => part !== undefined).join(' ')
  return error === undefined ? line : `${line}: ${error.message}`
}

/**
 * The attributes of a step's span.
 *
 * @see [OpenTelemetry, Semantic conventions for recording errors](https://opentelemetry.io/docs/specs/semconv/general/recording-errors/)
 */
export function attributesOf({
  strategy,
  outcome,
  reason,
  error,
}: DiagnosticEvent): SpanEnd['attributes'] {
  return {
    'passport_authorization_code.strategy': strategy,
    'passport_authorization_code.outcome': outcome,
    'passport_authorization_code.reason': reason,
    'passport_authorization_code.network_code': error?.networkCode,
    'passport_authorization_code.oauth_error': error?.oauthError,
    'error.type': outcome === 'failed' ? reason : undefined,
    'http.response.status_code': error?.httpStatus,
  }
}

/**
 * The `code` of an error of this library, or the `name` of any other. The message of another error is never used,
 * because it may hold a secret.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof AuthorizationCodeError) return error.code
  const { name } = Object(error) as { readonly name?: unknown }
  return typeof name === 'string' ? name : 'unknown'
}

/** The facts of an error of this library; `undefined` for any other error. */
export function factsOf(error: unknown): DiagnosticError | undefined {
  if (!(error instanceof AuthorizationCodeError)) return undefined
  const { message, retryable } = error
  if (!(error instanceof ProviderError)) return { message, retryable }
  const { phase, httpStatus, networkCode, error: oauthError } = error
  return {
    message,
    retryable,
    phase,
    ...(httpStatus !== undefined && { httpStatus }),
    ...(networkCode !== undefined && { networkCode }),
    ...(oauthError !== undefined && { oauthError }),
  }
}

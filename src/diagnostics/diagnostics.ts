import createDebug from 'debug'
import type { Debugger } from 'debug'
import { channel } from 'node:diagnostics_channel'
import type { FlowEvent, FlowFailure, Observation } from './observation.js'
import { shownText } from './shown-values.js'
import { inSpan, isTracingInstalled } from './tracing.js'
import type { SpanEnd } from './tracing.js'
import { AuthorizationCodeError, ProviderError } from '../errors/errors.js'

/** What a strategy does that can be watched. */
export type DiagnosticStep =
  /** A browser was sent to the provider. */
  | 'login'
  /** The authorization request was pushed to the provider. */
  | 'push'
  /** A browser came back from the provider. The steps up to `verify` are part of it. */
  | 'callback'
  /** A token request with an authorization code. */
  | 'exchange'
  /** The hook `userProfile`: by default, the profile was loaded. */
  | 'profile'
  /** The application's `verify`. */
  | 'verify'
  /** The tokens of one session were renewed: by a `refresh`, or by what another request or process has got. */
  | 'renewal'
  /** A token request with a refresh token. */
  | 'refresh'
  /** One token was revoked at the provider. */
  | 'revocation'
  /** A grant has ended; `reason` is `logout`, `end_grant`, `backchannel_logout`, or what the provider refused the refresh with, such as `invalid_grant`. */
  | 'grant_end'
  /** The provider posted a logout token. */
  | 'backchannel_logout'

/**
 * What the channel `passport-authorization-code` of `node:diagnostics_channel` says when a step is over.
 * Nothing in it is a token, code, verifier, state, secret or key.
 *
 * @see [Node.js, Diagnostics Channel](https://nodejs.org/api/diagnostics_channel.html)
 */
export interface DiagnosticEvent {
  readonly step: DiagnosticStep
  /** The strategy's `name`. */
  readonly strategy: string
  /** `refused` is what a person, the application or the provider has decided; `failed` is an error. */
  readonly outcome: 'ok' | 'refused' | 'failed'
  /**
   * Why, in one word. With `failed` the error's `code`, or its `name` when it is not one of ours. With
   * `refused` the OAuth error, such as `access_denied`, `verify`, or `http_400`.
   */
  readonly reason?: string
  /** How long it took, in **milliseconds**; 0 for what takes no time. */
  readonly durationMs: number
  /** What is known about a failure, if it is one of ours. */
  readonly error?: DiagnosticError
}

/** The facts of one of our errors; see there for what they mean. */
export interface DiagnosticError {
  readonly message: string
  readonly retryable: boolean
  /** Of a request to the provider. */
  readonly phase?: string
  /** The HTTP status of the provider's answer. */
  readonly httpStatus?: number
  /** The network's own code. */
  readonly networkCode?: string
  /** The provider's OAuth error code. */
  readonly oauthError?: string
}

/** How a step ended that did not throw. */
export type Conclusion = Pick<DiagnosticEvent, 'outcome' | 'reason'>

/** Tells whoever wants to know what one strategy does. */
export interface Diagnostics {
  /**
   * Makes a step of a function: the same function, watched.
   *
   * @param conclude how a call has ended; left out, each that does not throw is `ok`
   */
  watch<Arguments extends readonly unknown[], Value>(
    step: DiagnosticStep,
    work: (...given: Arguments) => Promise<Value>,
    conclude?: (value: Value) => Conclusion,
  ): (...given: Arguments) => Promise<Value>

  /** Tells of something that has just happened. */
  report(step: DiagnosticStep, conclusion: Conclusion): void
}

const NAME = 'passport-authorization-code'

const events = channel(NAME)

/** The diagnostics of one strategy: on the channel, in the log of the package `debug`, and as spans. */
export function createDiagnostics(strategy: string, observation: Observation): Diagnostics {
  function publish(event: DiagnosticEvent): void {
    if (events.hasSubscribers) events.publish(event)
    const log = logOf(event.step)
    if (log.enabled) log(lineOf(event))
    observation.tell(() => stepEvent(event))
  }

  function isWatched(step: DiagnosticStep): boolean {
    return (
      events.hasSubscribers || observation.isActive || logOf(step).enabled || isTracingInstalled()
    )
  }

  /** Does `work` as a step, and tells how it has ended. */
  function watched<Value>(
    step: DiagnosticStep,
    work: () => Promise<Value>,
    conclude: (value: Value) => Conclusion,
  ): Promise<Value> {
    return observation.within(step, () =>
      inSpan(`${strategy} ${step}`, async (note) => {
        const startedAt = performance.now()
        const tell = (conclusion: Conclusion, error?: DiagnosticError): void => {
          const durationMs = performance.now() - startedAt
          const event = { step, strategy, ...conclusion, durationMs, ...(error && { error }) }
          note({ attributes: attributesOf(event), failed: event.outcome === 'failed' })
          publish(event)
        }
        try {
          const value = await work()
          tell(conclude(value))
          return value
        } catch (error) {
          tell({ outcome: 'failed', reason: reasonOf(error) }, factsOf(error))
          throw error
        }
      }),
    )
  }

  return {
    watch(step, work, conclude = () => ({ outcome: 'ok' })) {
      return (...given) =>
        isWatched(step) ? watched(step, () => work(...given), conclude) : work(...given)
    },

    report(step, conclusion) {
      publish({ step, strategy, ...conclusion, durationMs: 0 })
    },
  }
}

function stepEvent({ step, outcome, reason, durationMs, error }: DiagnosticEvent): FlowEvent {
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

/** What an observer may know of the error that ended a flow. */
export function failureOf(error: unknown): FlowFailure {
  const { message, oauthError } = factsOf(error) ?? {}
  return {
    reason: shownText(reasonOf(error)),
    message: message && shownText(message),
    oauthError: oauthError && shownText(oauthError),
  }
}

const logs = new Map<DiagnosticStep, Debugger>()

function logOf(step: DiagnosticStep): Debugger {
  const log = logs.get(step) ?? createDebug(`${NAME}:${step}`)
  logs.set(step, log)
  return log
}

/** One line, such as `jiko failed ERR_TOKEN_ENDPOINT after 31 ms: The token endpoint refused …`. */
function lineOf({ strategy, outcome, reason, durationMs, error }: DiagnosticEvent): string {
  const duration = durationMs === 0 ? undefined : `after ${Math.round(durationMs)} ms`
  const line = [strategy, outcome, reason, duration].filter((part) => part !== undefined).join(' ')
  return error === undefined ? line : `${line}: ${error.message}`
}

/** @see [OpenTelemetry, Semantic conventions for recording errors](https://opentelemetry.io/docs/specs/semconv/general/recording-errors/) */
function attributesOf({
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

/** An error that is not ours may say anything in its message; of that, only its name goes further. */
function reasonOf(error: unknown): string {
  if (error instanceof AuthorizationCodeError) return error.code
  const { name } = Object(error) as { readonly name?: unknown }
  return typeof name === 'string' ? name : 'unknown'
}

function factsOf(error: unknown): DiagnosticError | undefined {
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

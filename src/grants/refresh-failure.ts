import { randomBytes } from 'node:crypto'
import { DiscoveryError, ProviderError, TokenEndpointError } from '../errors/provider-errors.js'
import type { Clock } from '../lib/clock.js'
import { doublingPause } from '../lib/doubling-pause.js'
import type { Failure, FailureFacts } from './failure.js'
import { lineOf } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import type { Cell } from './cell.js'
import type { RefreshWays } from './refresh-ways.js'

/** The pause after a failed refresh, in **milliseconds**, unless the provider asks for a longer one. */
const PAUSE = { firstMs: 1_000, longestMs: 60_000 }

/** The longest pause that a provider can ask for, in **milliseconds**. */
const LONGEST_RETRY_AFTER_MS = 15 * 60_000

/**
 * What the record remembers of a refresh that the provider has answered with an error; `undefined` if no answer came.
 * It has the facts of the error, and leaves out its `cause`.
 *
 * @param previous the last failure of the same line or use
 */
export function failureOf(
  error: unknown,
  line: Pick<Failure, 'line' | 'use'>,
  previous: Failure | undefined,
  clock: Clock,
  random: () => number,
): Failure | undefined {
  if (!isAnswer(error) || error.httpStatus === undefined) return undefined
  const attempts = (previous?.attempts ?? 0) + 1
  const forMs = Math.max(pauseAfter(attempts, random), retryAfterMs(error) ?? 0)
  return {
    id: randomBytes(9).toString('base64url'),
    ...line,
    attempts,
    forMs,
    until: clock.now() + forMs,
    message: error.message,
    facts: factsOf(error),
  }
}

/** Whether it is about the token endpoint. What says that the metadata cannot be read is not: no refresh was sent. */
function isAnswer(error: unknown): error is ProviderError {
  return error instanceof ProviderError && !(error instanceof DiscoveryError)
}

/** How long the provider wants no further request, in **milliseconds**, if it is overloaded and says so. */
export function retryAfterMs(error: unknown): number | undefined {
  if (!isAnswer(error)) return undefined
  if (error.httpStatus !== 429 && error.httpStatus !== 503) return undefined
  const { retryAfterMs: asked } = error as { readonly retryAfterMs?: number | undefined }
  return asked === undefined ? undefined : Math.min(asked, LONGEST_RETRY_AFTER_MS)
}

/**
 * The person whose refreshes alone may have been too many for the provider; `undefined` if it is unavailable for all.
 *
 * @see [RFC 6585, section 4 - 429 Too Many Requests](https://www.rfc-editor.org/rfc/rfc6585.html#section-4)
 */
export function personLimited(error: unknown, { id, seen }: Cell): string | undefined {
  const isLimit = isAnswer(error) && error.httpStatus === 429
  return isLimit ? (seen?.record?.of.account ?? id) : undefined
}

/** How long to wait after so many failures. Grants do not wait in step. */
export function pauseAfter(attempts: number, random: () => number): number {
  return doublingPause(attempts, PAUSE, random)
}

/**
 * The error to throw instead of sending a refresh, because the last one has failed a moment ago; `undefined` if one may
 * be sent.
 *
 * @param use the key of the use that is wanted: the provider may have refused just that
 */
export function activeFailure(
  cell: Cell,
  record: GrantRecord,
  line: string,
  clock: Clock,
  use?: string,
): Error | undefined {
  const { trouble } = cell
  if (trouble?.line === line && clock.monotonic() < trouble.until) return trouble.error as Error
  const ofLine = errorDuring(cell, lastFailure(record, line, undefined), clock)
  if (ofLine !== undefined || use === undefined) return ofLine
  return errorDuring(cell, lastFailure(record, line, use), clock)
}

/**
 * What the record has of the last failure.
 *
 * @param use the key of a use; `undefined` for failures of the whole line
 */
export function lastFailure(
  record: GrantRecord | undefined,
  line: string,
  use: string | undefined,
): Failure | undefined {
  if (use === undefined) return record?.failure?.line === line ? record.failure : undefined
  return lineOf(record, line)?.refusedUses?.find((one) => one.use === use)
}

/** The error to throw while the provider wants no refresh at all. */
export function pauseOf({ connections }: RefreshWays): Error | undefined {
  const retryAfterMs = connections.pausedForMs()
  if (retryAfterMs <= 0) return undefined
  const facts = { phase: 'refresh', httpStatus: 429, retryAfterMs }
  return new TokenEndpointError(
    'The token endpoint has asked for a pause. No refresh is sent until it is over.',
    facts,
  )
}

/**
 * The error of a failure whose pause is not over. The writer's clock and ours may differ: whichever is over first
 * counts.
 */
function errorDuring(
  { failures }: Cell,
  noted: Failure | undefined,
  clock: Clock,
): Error | undefined {
  const failure = noted === undefined ? undefined : failures.get(noted.id)
  if (noted === undefined || failure === undefined) return undefined
  const now = clock.monotonic()
  const left = noted.until - clock.now()
  const isOver = now >= failure.since + noted.forMs || left <= 0 || left > noted.forMs
  return isOver
    ? undefined
    : new TokenEndpointError(noted.message, withRetryAfter(noted.facts, left))
}

function withRetryAfter(facts: FailureFacts, left: number): FailureFacts {
  return { ...facts, retryAfterMs: Math.ceil(left) } as FailureFacts
}

function factsOf(error: ProviderError): FailureFacts {
  const { phase, httpStatus, networkCode, error: code, errorDescription } = error
  const grantRefused = error instanceof TokenEndpointError ? error.grantRefused : undefined
  const facts = { phase, httpStatus, networkCode, error: code, errorDescription, grantRefused }
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) => value !== undefined),
  ) as unknown as FailureFacts
}

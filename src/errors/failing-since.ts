import { DiscoveryError } from './provider-errors.js'

/** Since when something cannot be read, and when it is tried again. */
export interface FailingFacts {
  /** When the first attempt has failed, in **milliseconds since the epoch**. */
  readonly since: number
  /** When the next attempt may be made, in **milliseconds** from now. Left out if it is made at the next need. */
  readonly retryAfterMs?: number | undefined
}

/** The error of the last attempt, and since when attempts fail. Its advice stays at the end. */
export function failingSince(
  error: DiscoveryError,
  { since, retryAfterMs = error.retryAfterMs }: FailingFacts,
): DiscoveryError {
  const { message, advice, phase, httpStatus, networkCode, cause } = error
  const said = advice === undefined ? message : message.slice(0, -advice.length).trimEnd()
  const next =
    retryAfterMs === undefined ? '' : `, and is tried again in ${Math.ceil(retryAfterMs / 1000)} s`
  return new DiscoveryError(
    `${said} This has failed since ${new Date(since).toISOString()}${next}.`,
    {
      ...{ phase, httpStatus, networkCode, retryAfterMs, advice },
      ...(cause !== undefined && { cause }),
    },
  )
}

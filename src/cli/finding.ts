import { TransportError } from '../client/transport.js'
import { AuthorizationCodeError } from '../errors/errors.js'

/** The result of one check. */
export interface Finding {
  /** What was checked, in a word or two, such as `callback URL`. */
  readonly check: string
  /** `warning`: it works, but may cause a problem. `failed`: logins do not work. `skipped`: it could not be checked. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was found, as a phrase without a full stop. */
  readonly seen: string
  /** What to do about it, as sentences. */
  readonly cure?: string
}

/** A finding without the name of the check. */
export type Verdict = Omit<Finding, 'check'>

/** The verdicts on a store. */
export interface StoreVerdicts {
  /** Whether it can be used. */
  readonly store: Verdict
  /** Whether its grants can be opened; left out if it could not be asked. */
  readonly secret?: Verdict
}

/** The check has passed. */
export const ok = (seen: string): Verdict => ({ status: 'ok', seen })

/** The check could not be made; `seen` is the reason. */
export const skipped = (seen: string): Verdict => ({ status: 'skipped', seen })

/** The check has found something that may cause a problem. */
export const warning = (seen: string, cure: string): Verdict => ({ status: 'warning', seen, cure })

/** The check has found something that makes logins fail. */
export const failed = (seen: string, cure: string): Verdict => ({ status: 'failed', seen, cure })

/** The options cannot be loaded. Its message contains none of their values, so that it can be printed. */
export class SetupError extends Error {}

/**
 * The message of an error of this library, which contains no secret. Other errors may have a secret in their message,
 * so only their name and code are returned.
 */
export function messageOf(error: unknown): string {
  if (
    [AuthorizationCodeError, TransportError, SetupError].some((known) => error instanceof known)
  ) {
    return (error as Error).message
  }
  const { name = 'unknown error', code } = Object(error) as { name?: string; code?: unknown }
  return typeof code === 'string' ? `${name} (${code})` : name
}

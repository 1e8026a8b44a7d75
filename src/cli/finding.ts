import { TransportError } from '../client/transport.js'
import { AuthorizationCodeError } from '../errors/errors.js'

/** What one check of a set-up has found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string
  /** `warning` works today and may not tomorrow; `skipped` could not be looked at. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was seen. */
  readonly seen: string
  /** What to do about it. */
  readonly cure?: string
}

/** A finding but for its name. */
export type Verdict = Omit<Finding, 'check'>

export const ok = (seen: string): Verdict => ({ status: 'ok', seen })

export const skipped = (seen: string): Verdict => ({ status: 'skipped', seen })

export const warning = (seen: string, cure: string): Verdict => ({ status: 'warning', seen, cure })

export const failed = (seen: string, cure: string): Verdict => ({ status: 'failed', seen, cure })

/** What is wrong with how the options were given. Its message holds nothing of theirs. */
export class SetupError extends Error {}

/** Ours hold no secret; of others, only what they are is told. */
export function messageOf(error: unknown): string {
  if ([AuthorizationCodeError, TransportError, SetupError].some((ours) => error instanceof ours)) {
    return (error as Error).message
  }
  const { name = 'unknown error', code } = Object(error) as { name?: string; code?: unknown }
  return typeof code === 'string' ? `${name} (${code})` : name
}

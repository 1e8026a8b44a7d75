import { PendingLoginError } from '../errors/errors.js'
import type { Claims } from '../grants/claims.js'
import { carriedError, carryError } from './carried-error.js'
import type { CarriedError } from './carried-error.js'
import type { LoginOutcome } from './login-outcome.js'
import type { CallbackEnd, CallbackEnds } from './same-callback.js'

/**
 * Tells other processes how callbacks end, as claims of their own: the first to say so counts.
 *
 * @param claims whose notes are sealed, because these name sessions
 * @param ttlMs for how long it is kept, in **milliseconds**
 */
export function createCallbackEnds(
  claims: Pick<Claims, 'claim' | 'claimed'>,
  ttlMs: number,
): CallbackEnds {
  return {
    async tell({ id, digest }, end) {
      const note = JSON.stringify({ digest, ...forOthers(end) })
      // If it fails, those who wait give up after their time.
      await claims.claim(endOf(id), ttlMs, note).catch(() => undefined)
    },

    async endOf({ id, digest }) {
      const note = await claims.claimed(endOf(id))
      return note === undefined ? undefined : read(note, digest)
    },
  }
}

function endOf(id: string): string {
  return `${id}/end`
}

/** What other processes read. */
interface EndNote {
  readonly digest: string
  readonly sessionId?: string | undefined
  readonly isStored?: boolean
  readonly refusal?: Exclude<LoginOutcome, { action: 'success' }>
  readonly isFailed?: boolean
  readonly error?: CarriedError | undefined
}

function forOthers(end: CallbackEnd<unknown>): Omit<EndNote, 'digest'> {
  if (end.kind === 'stored') return { isStored: true, sessionId: end.sessionId }
  if (end.kind === 'failed') return { isFailed: true, error: carryError(end.error) }
  // A user is an object of this process. The other one can only let the person log in again.
  return end.kind === 'outcome' && end.outcome.action !== 'success' ? { refusal: end.outcome } : {}
}

function read(text: string, digest: string): CallbackEnd<never> {
  const note = parsed(text)
  if (note?.digest !== digest) {
    return { kind: 'failed', error: new PendingLoginError('ERR_PENDING_LOGIN_USED') }
  }
  const { isStored, sessionId, refusal, isFailed, error } = note
  if (isStored === true) return { kind: 'stored', sessionId }
  if (refusal !== undefined) return { kind: 'outcome', outcome: refusal }
  return isFailed === true ? { kind: 'failed', error: carriedError(error) } : { kind: 'lost' }
}

/** `undefined` if it was too long to be kept, or sealed with another secret. */
function parsed(text: string): EndNote | undefined {
  return text === '' ? undefined : (JSON.parse(text) as EndNote)
}

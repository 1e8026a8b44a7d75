import { hash } from 'node:crypto'
import { reportedBy } from '../endpoints/authorization-error.js'
import { PendingLoginError } from '../errors/errors.js'
import type { Claims } from '../grants/claims.js'
import { grantIdOf } from '../grants/session-entry.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { PendingLoginStore, TakenLogin } from '../options/pending-login-store.js'
import { readStrategyData } from '../session/request-session.js'
import type { LoginOptions } from './login-options.js'
import type { LoginOutcome } from './login-outcome.js'

/** What {@link takePendingLogin} needs. */
export interface TakePendingLoginParts {
  readonly settings: { readonly sessionKey: string }
  readonly pendingLogins: PendingLoginStore
  /** Lets only one of the requests with the same callback continue, in all processes. */
  readonly claims: Pick<Claims, 'claim' | 'claimed' | 'keep'>
  /** For how long a callback is remembered, in **milliseconds**: as long as its login may be pending. */
  readonly claimTtlMs: number
}

/**
 * Takes the pending login out of its store. Two requests that arrive together both find it there: the claim
 * makes sure that only one of them, in all processes, goes on.
 *
 * @param onFound called if the login is pending in this browser: with whether this request is the one that goes on
 */
export async function takePendingLogin(
  request: LoginRequest,
  state: string,
  onFound: (isFirst: boolean) => void,
  { settings, pendingLogins, claims, claimTtlMs }: TakePendingLoginParts,
): Promise<TakenLogin> {
  const id = claimIdOf(state)
  const taken = await pendingLogins.take(request, state, async (returnTo = '') => {
    const isFirst = await claims.claim(id, claimTtlMs, returnTo)
    onFound(isFirst)
    return isFirst
  })
  if (taken.status !== 'unknown' || !holdsGrant(request, settings)) return taken
  const returnTo = await claims.claimed(id)
  return returnTo === undefined ? taken : { status: 'used', returnTo: returnTo || undefined }
}

/** Identifies a login attempt in the claims. */
export function claimIdOf(state: string): string {
  return hash('sha256', state, 'base64url')
}

function holdsGrant(
  { session }: LoginRequest,
  { sessionKey }: { readonly sessionKey: string },
): boolean {
  return session !== undefined && grantIdOf(readStrategyData(session, sessionKey)) !== undefined
}

/** A callback without a pending login is an error, unless it comes again after it has succeeded. */
export function repeated(
  request: LoginRequest,
  response: URLSearchParams,
  taken: Exclude<TakenLogin, { status: 'pending' }>,
  how: { readonly options: LoginOptions; readonly settings: { readonly sessionKey: string } },
): LoginOutcome {
  const hints = reportedBy(response)
  switch (taken.status) {
    case 'used': {
      if (!holdsGrant(request, how.settings)) {
        throw new PendingLoginError('ERR_PENDING_LOGIN_USED', hints)
      }
      return { action: 'redirect', url: urlAfter(taken.returnTo, how.options) }
    }
    case 'expired':
      throw new PendingLoginError('ERR_PENDING_LOGIN_EXPIRED', hints)
    case 'unknown': {
      const reason = taken.reason ?? new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
      throw reason instanceof PendingLoginError
        ? new PendingLoginError(reason.code, [...hints, ...reason.hints])
        : reason
    }
  }
}

/** Where a login goes whose callback has come again. */
export function urlAfter(
  returnTo: string | undefined,
  { successRedirect = '/' }: LoginOptions,
): string {
  return returnTo ?? encodedUrl(successRedirect)
}

/** The application's URL as `res.redirect` would send it: what is already percent-encoded stays as it is. */
function encodedUrl(url: string): string {
  return encodeURI(url).replaceAll('%25', '%')
}

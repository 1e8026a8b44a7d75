import { isOver } from '../lib/is-over.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { LoginOutcome } from '../login/login-outcome.js'

/** The methods that Passport adds to a strategy for one request. */
export interface PassportActions {
  readonly success: (user: object, info: object) => void
  readonly fail: (challenge: object, status: number) => void
  readonly redirect: (url: string) => void
  readonly error: (error: unknown) => void
}

/**
 * Performs an outcome with the actions that the strategy has now. Call it before anything is awaited: if the application
 * gave Passport the strategy itself and not its name, Passport sets the actions on that one object, and the next request
 * replaces them.
 */
export function actionsOf(
  { success, fail, redirect, error }: PassportActions,
  { res }: LoginRequest,
): (outcome: LoginOutcome | { readonly action: 'error'; readonly error: unknown }) => void {
  return (outcome) => {
    // The application may have answered by itself meanwhile, for example after a time-out of its own. Or the browser has
    // gone away: it would never know the session of a login.
    if (res !== undefined && isOver(res)) {
      if (outcome.action === 'success') outcome.onLost?.()
      return
    }
    if (outcome.action === 'redirect') redirect(outcome.url)
    else if (outcome.action === 'success') success(outcome.user, outcome.info)
    else if (outcome.action === 'fail') fail(outcome.info, outcome.status)
    else error(outcome.error)
  }
}

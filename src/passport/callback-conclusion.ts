import type { Conclusion } from '../diagnostics/events.js'
import type { RestartLogin } from '../login/deliver-login.js'
import type { LoginOutcome } from '../login/login-outcome.js'

/** How a callback has ended. */
export function conclusionOf(outcome: LoginOutcome | RestartLogin): Conclusion {
  switch (outcome.action) {
    case 'fail': {
      const { error: reason = 'verify', errorDescription } = outcome.info
      return {
        outcome: 'refused',
        reason,
        ...(errorDescription !== undefined && { errorDescription }),
      }
    }
    case 'redirect':
      return outcome.refused === undefined
        ? { outcome: 'ok', reason: 'repeated' }
        : { outcome: 'refused', reason: outcome.refused }
    case 'restart':
      return { outcome: 'ok', reason: 'repeated' }
    case 'success':
      return { outcome: 'ok' }
  }
}

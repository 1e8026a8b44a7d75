import { onceOver } from '../lib/is-over.js'
import type { LoginRequest, LoginSession } from '../lib/login-request.js'
import { fillWhenRegenerated } from '../session/replace-session.js'
import { clearFields, keepFields } from '../session/request-session.js'
import type { AcceptedLogin, LoginAttempt } from './accepted-login.js'
import { earlierRequest } from './earlier-request.js'
import { onFailedLogin } from './failed-login.js'
import { carryPendingLogins } from './session-pending-logins.js'

/** A login that waits for its session. */
export interface WaitingLogin {
  readonly login: AcceptedLogin
  readonly account: string | undefined
  readonly attempt: LoginAttempt
}

/** What {@link fillNextSession} needs. */
export interface NextSessionParts {
  readonly settings: { readonly sessionKey: string; readonly keepSession: readonly string[] }
  /** Ends what was in the session before, and is not in the new one. */
  readonly endReplacedLogins: (earlier: LoginRequest, now: LoginSession) => Promise<void>
}

/** Puts a login into the session that Passport's `req.logIn` makes in place of `session`. */
export function fillNextSession(
  request: LoginRequest,
  session: LoginSession,
  { login, account, attempt }: WaitingLogin,
  { settings, endReplacedLogins }: NextSessionParts,
): void {
  const { keepSession, sessionKey } = settings
  const earlier = earlierRequest(request, session)
  onFailedLogin(request, (error) => {
    attempt.undo()
    login.onFailed(error)
  })
  onceOver(request.res, attempt.responseIsOver)
  fillWhenRegenerated(request, session, {
    fill: async (fresh) => {
      keepFields(keepSession, session, fresh)
      carryPendingLogins(session, fresh, sessionKey)
      // Passport's `keepSessionInfo` copies whatever is left here over the new session.
      clearFields(session)
      try {
        await attempt.hold({ session: fresh, earlier }, account)
      } finally {
        // The earlier session is gone, even if this login fails.
        void endReplacedLogins(earlier, fresh)
      }
    },
    stored: async ({ id }) => {
      await attempt.stored()
      login.onStored(id)
    },
  })
}

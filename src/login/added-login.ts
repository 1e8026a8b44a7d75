import type { IdTokenClaims } from '../endpoints/id-token.js'
import { AuthorizationCodeError } from '../errors/base.js'
import { AnotherPersonError } from '../errors/step-up-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { PendingLogin } from '../options/pending-login-store.js'
import type { TokenSet } from '../options/token-set.js'
import type { LoginOutcome } from './login-outcome.js'
import { hasEndedHere } from '../grants/session-entry.js'
import { readStrategyData, requireSession } from '../session/request-session.js'
import { isAuthenticated } from './connection.js'
import { personOf } from './login-note.js'
import type { LoginNote } from '../grants/login-note.js'
import type { PresentLogin } from './present-login.js'

/**
 * A silent login and one that is to add something must not replace the person who is logged in, here or in another tab
 * meanwhile. A person whom the provider does not name cannot be told from another, and neither can one who has logged in by
 * another way.
 *
 * @param subject who has come back: their id at the provider
 * @throws {AnotherPersonError} if it is somebody else
 */
export async function checkPerson(
  request: LoginRequest,
  subject: string | undefined,
  { silent, asked, person, connectTo }: PendingLogin,
  presentLogin: PresentLogin,
): Promise<void> {
  if (silent === undefined && asked === undefined) return
  const present = await presentLogin(request)
  const isInstead = silent !== undefined && present === undefined && connectTo === undefined
  if (isInstead && isLoggedInOtherwise(request)) throw new AnotherPersonError()
  const expected = present?.person ?? person
  if (expected !== undefined && personOf(subject) !== expected) throw new AnotherPersonError()
}

/** Whether somebody is logged in, and no login in the session has ended. */
function isLoggedInOtherwise(request: LoginRequest): boolean {
  const session = requireSession(request)
  const hasEnded = (key: string): boolean => hasEndedHere(readStrategyData(session, key))
  return isAuthenticated(request) === true && !Object.keys(session).some(hasEnded)
}

/**
 * What the session is to know of a login.
 *
 * @param subject the person's id at the provider
 * @param present the login that is there already: what a login for more does not say anew is still so
 */
export function noteOf(
  tokens: TokenSet,
  claims: IdTokenClaims | undefined,
  subject: string | undefined,
  { asked, scope }: PendingLogin,
  present: LoginNote | undefined,
): LoginNote {
  const { acr, auth_time: time }: Partial<IdTokenClaims> = claims ?? {}
  const person = personOf(subject)
  const isAdded = asked !== undefined && person !== undefined && present?.person === person
  return {
    ...(isAdded && stillSo(present, time)),
    ...(isAdded && tokens.scope !== undefined && { scope: present.scope }),
    ...(person !== undefined && { person }),
    ...(typeof acr === 'string' && { acr }),
    ...(typeof time === 'number' && { authenticatedAt: time * 1000 }),
    ...(tokens.scope === undefined && scope !== undefined && { scope }),
    ...(asked !== undefined && { asked: { ...asked, at: Date.now() } }),
  }
}

/** How the person was authenticated before. If they were authenticated anew, nobody knows whether in the same way. */
function stillSo({ acr, authenticatedAt }: LoginNote, time: unknown): LoginNote {
  const isSame = typeof time !== 'number' || time * 1000 === authenticatedAt
  return { ...(isSame && { acr }), authenticatedAt }
}

/**
 * A silent login, as the person meets it: they have not asked for it, and if it comes to nothing, they go on as they were.
 *
 * @param url where they wanted to go
 * @throws what only the developer or the operators can correct
 */
export async function unnoticed(
  finished: Promise<LoginOutcome>,
  url: string,
): Promise<LoginOutcome> {
  try {
    const outcome = await finished
    if (outcome.action !== 'fail') return outcome
    return { action: 'redirect', url, refused: outcome.info.error ?? 'verify' }
  } catch (error) {
    const isOthersFault =
      error instanceof AuthorizationCodeError &&
      (error.fault === 'browser' || error.fault === 'provider')
    if (!isOthersFault) throw error
    return { action: 'redirect', url, refused: error.code }
  }
}

import type { ExtendedGrant } from '../grants/stored-login.js'
import type { LoginNote } from '../grants/login-note.js'
import { holderIn } from '../grants/holder.js'
import type { LoginRequest } from '../lib/login-request.js'
import { readStrategyData, requireSession } from '../session/request-session.js'
import type { PresentLogin } from './present-login.js'

/** What {@link extendedGrant} needs. */
export interface ExtendedGrantParts {
  readonly settings: { readonly sessionKey: string; readonly scope?: string | undefined }
  readonly presentLogin: PresentLogin
  /** Finds the grant that the session holds; otherwise a text says why there is none. */
  readonly holding: {
    readonly find: (request: LoginRequest) => Promise<{ readonly id: string } | string>
  }
}

/**
 * The grant that a login adds to: that of the session, if the login was started as one for more and has brought back the same person.
 * A person whom the provider does not name cannot be told from another: then it is a login of its own.
 *
 * @param request as it was before the login
 * @throws {StorageError} if the store of the grants cannot be reached
 */
export async function extendedGrant(
  request: LoginRequest,
  { asked, person }: LoginNote,
  { settings, presentLogin, holding }: ExtendedGrantParts,
): Promise<ExtendedGrant | undefined> {
  if (asked === undefined || person === undefined) return undefined
  const present = await presentLogin(request)
  if (present?.person !== person) return undefined
  const held = await holding.find(request)
  if (typeof held === 'string') return undefined
  const holder = holderIn(readStrategyData(requireSession(request), settings.sessionKey))
  return { id: held.id, holder, unsaidScope: present.scope ?? settings.scope }
}

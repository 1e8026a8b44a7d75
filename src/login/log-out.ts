import type { LoginRequest } from '../lib/login-request.js'
import type { TokenSet } from '../options/token-set.js'
import { replaceSession } from '../session/replace-session.js'

/** A strategy whose grant is in the session. */
export interface GrantHolder {
  /** Ends the grant. Resolves to its tokens, the newest first; empty if there is none. */
  readonly endGrant: (request: LoginRequest) => Promise<readonly TokenSet[]>
  readonly revoke: (tokens: TokenSet) => Promise<void>
}

/** What logging out needs. */
export interface LogOutParts {
  /** The strategy whose `logOut` was called. */
  readonly self: GrantHolder
  /** The strategies of the application. `self` may be among them. */
  readonly strategies: readonly GrantHolder[]
  /** The fields of the session that survive. */
  readonly keepSession: readonly string[]
  /** The address where the browser can log out at the provider of these tokens as well. */
  readonly providerLogout: (request: LoginRequest, tokens: TokenSet) => string | undefined
}

/**
 * Logs out: ends the grants of all providers in this session, then the session. It asks the
 * providers to revoke the tokens, but does not wait for them.
 *
 * @returns the address at the provider where the browser must go to be logged out there as well
 * @throws {StorageError} if the session store fails
 * @see [OpenID Connect RP-Initiated Logout, section 2 - RP-Initiated Logout](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)
 */
export async function logOut(
  request: LoginRequest,
  { self, strategies, keepSession, providerLogout }: LogOutParts,
): Promise<string | undefined> {
  const [tokens] = await endAndRevoke(request, self)
  for (const strategy of strategies) {
    if (strategy !== self) await endAndRevoke(request, strategy)
  }
  const url = tokens === undefined ? undefined : providerLogout(request, tokens)
  await replaceSession(request, keepSession)
  return url
}

async function endAndRevoke(
  request: LoginRequest,
  { endGrant, revoke }: GrantHolder,
): Promise<readonly TokenSet[]> {
  const all = await endGrant(request)
  for (const tokens of all) void revoke(tokens)
  return all
}

import { randomBytes } from 'node:crypto'
import type { EnrolledLogin, GrantState, Ledger } from '../../src/options/ledger.js'

/** A grant as a login begins it: 256 random bits. */
export function newGrant(): string {
  return randomBytes(32).toString('base64url')
}

/** A state of a grant, with tokens of its own. */
export function newState(version: number): GrantState {
  const unique = randomBytes(8).toString('hex')
  return {
    version,
    tokens: {
      accessToken: `access-token-${version}-${unique}`,
      refreshToken: `refresh-token-${version}-${unique}`,
      idToken: `id-token-${version}-${unique}`,
      tokenType: 'bearer',
      scope: 'profile organization',
      expiresAt: 1_700_000_000_000 + version,
    },
    renewAt: 1_700_000_000_000,
  }
}

/** A login that its provider can end, with a session of its own. */
export function newLogin(): EnrolledLogin {
  const unique = randomBytes(8).toString('hex')
  return { sessionId: `session-id-${unique}`, entryId: `entry-id-${unique}` }
}

/** The name of a provider's session or person that no other test has. */
export function newGroup(): string {
  return `https://provider.example sub person-${randomBytes(8).toString('hex')}`
}

/** Ends a group, and resolves to the logins that it hands out. */
export async function endGroup(
  ledger: Ledger,
  group: string,
  endedAt: number,
  keepMs = 60_000,
): Promise<EnrolledLogin[]> {
  const logins: EnrolledLogin[] = []
  await ledger.endGroup(group, endedAt, keepMs, (login) => {
    logins.push(login)
    return Promise.resolve()
  })
  return logins
}

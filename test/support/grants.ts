import { randomBytes } from 'node:crypto'
import type { GrantState } from '../../src/types.js'

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

import type { TokenSet } from '../options/token-set.js'
import { isAlive } from './account-grants.js'
import type { AccountGrants } from './account-grants.js'
import type { EndedGrant } from './engine.js'
import type { GrantOwner } from './grant-record.js'

/** Decides which tokens that nobody uses any more are revoked at the provider. Nothing here rejects. */
export interface Revoking {
  /** Revokes the tokens of a grant that the person or the application has ended. */
  readonly ended: (grant: EndedGrant) => Promise<void>
  /** Revokes the tokens of a login that has ended with its session. */
  readonly loggedOut: (grant: EndedGrant) => Promise<void>
  /** Revokes tokens that were replaced, or that nobody has received: only if that ends nothing else. */
  readonly unwanted: (tokens: readonly TokenSet[], of: Partial<GrantOwner>) => Promise<void>
}

/** What {@link createRevoking} needs. */
export interface RevokingParts {
  /** Revokes one token set. Never rejects. */
  readonly revoke: (tokens: TokenSet) => Promise<void>
  /** See the option of this name. */
  readonly revocationEnds: 'grant' | 'token' | undefined
  /** Finds what else a person has granted; `undefined` if tokens are in the sessions, where nobody can see them. */
  readonly accountGrants: AccountGrants | undefined
}

/** Creates {@link Revoking}. */
export function createRevoking({ revoke, revocationEnds, accountGrants }: RevokingParts): Revoking {
  /** Whether something else of this person is alive here; `undefined` if that cannot be known. */
  async function isAnythingAlive({ account }: Partial<GrantOwner>): Promise<boolean | undefined> {
    if (account === undefined || accountGrants === undefined) return undefined
    try {
      const grants = await accountGrants.of(account)
      return grants.some(({ record }) => isAlive(record, Date.now()))
    } catch {
      return undefined
    }
  }

  async function revokeAll(tokens: readonly TokenSet[]): Promise<void> {
    // The newest one is enough if it ends everything, and then the provider knows no other.
    const some = revocationEnds === 'grant' ? tokens.slice(0, 1) : tokens
    await Promise.all(some.map(revoke))
  }

  return {
    async ended({ tokens, of }) {
      const isShared = revocationEnds === 'grant' && (await isAnythingAlive(of)) === true
      if (!isShared) await revokeAll(tokens)
    },

    async loggedOut({ tokens, of }) {
      const mayRevoke = revocationEnds !== 'grant' || (await isAnythingAlive(of)) === false
      if (mayRevoke) await revokeAll(tokens)
    },

    async unwanted(tokens, of) {
      if (revocationEnds === 'token' || (await isAnythingAlive(of)) === false) {
        await revokeAll(tokens)
      }
    },
  }
}

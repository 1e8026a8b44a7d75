import type { TokenSet } from '../options/token-set.js'
import type { EndedGrant } from './engine.js'
import { personName, personNameIn } from './index-names.js'
import type { GrantedClient } from './index-names.js'
import type { IsPersonAlive } from './person-grants.js'

/** Decides which tokens that nobody uses any more are revoked at the provider. Nothing here rejects. */
export interface Revoking {
  /** Revokes the tokens of a grant that the person or the application has ended. */
  readonly ended: (grant: EndedGrant) => Promise<void>
  /** Revokes the tokens of a login that has ended with its session. */
  readonly loggedOut: (grant: EndedGrant) => Promise<void>
  /** Revokes the tokens of a grant that another login has replaced: only if that ends nothing else. */
  readonly replaced: (grant: EndedGrant) => Promise<void>
  /** Revokes tokens that nobody has received: only if that ends nothing else. */
  readonly unwanted: (tokens: readonly TokenSet[], of: Named) => Promise<void>
  /** The same for a login that came to nothing. @param subject the person's id at the provider, if it is known */
  readonly discard: (tokens: TokenSet, subject: string | undefined) => Promise<void>
}

/** Has the name of the person at the provider: see `personName`. */
export interface Named {
  readonly names: readonly string[]
}

/** What {@link createRevoking} needs. */
export interface RevokingParts {
  readonly client: GrantedClient
  /** Identifies the strategy. */
  readonly strategy: string
  /** Revokes the token sets of a grant. Never rejects. */
  readonly revoke: (tokens: readonly TokenSet[]) => Promise<void>
  /** See the option of this name. */
  readonly revocationEnds: 'grant' | 'token' | undefined
  /** Finds what else a person has granted; `undefined` if tokens are in the sessions, where nobody can see them. */
  readonly isPersonAlive: IsPersonAlive | undefined
}

/** Creates {@link Revoking}. */
export function createRevoking(parts: RevokingParts): Revoking {
  const { client, strategy, revoke, revocationEnds, isPersonAlive } = parts

  /** Whether something else of this person is alive here; `undefined` if that cannot be known. */
  async function isAnythingAlive({ names }: Named): Promise<boolean | undefined> {
    const person = personNameIn(names)
    return person === undefined ? undefined : isPersonAlive?.(person)
  }

  async function revokeAll(tokens: readonly TokenSet[]): Promise<void> {
    // The newest one is enough if it ends everything, and then the provider knows no other.
    await revoke(revocationEnds === 'grant' ? tokens.slice(0, 1) : tokens)
  }

  async function unwanted(tokens: readonly TokenSet[], of: Named): Promise<void> {
    if (revocationEnds === 'token' || (await isAnythingAlive(of)) === false) await revokeAll(tokens)
  }

  return {
    unwanted,
    discard: (tokens, subject) => unwanted([tokens], { names: [personName(client, subject)] }),

    async replaced(grant) {
      // Strategies that were given no names share their place in the session, and have different providers.
      if (grant.strategy === strategy) await unwanted(grant.tokens, grant.of)
    },

    async ended({ tokens, of }) {
      const isShared = revocationEnds === 'grant' && (await isAnythingAlive(of)) === true
      if (!isShared) await revokeAll(tokens)
    },

    async loggedOut({ tokens, of }) {
      const mayRevoke = revocationEnds !== 'grant' || (await isAnythingAlive(of)) === false
      if (mayRevoke) await revokeAll(tokens)
    },
  }
}

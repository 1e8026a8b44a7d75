import type { Revoke } from '../endpoints/revocation.js'
import type { SessionTokens } from '../grants/session-tokens.js'
import { entryOf, holdsGrant } from '../grants/token-entry.js'
import type { LoginSession } from '../lib/login-request.js'
import type { Ledger } from '../options/ledger.js'
import { keysOfParts, readPart } from '../session/session-part.js'

/** A strategy, as far as the others need it to end its grants. */
export interface Member {
  /** Whom the tokens in its entries belong to. */
  readonly owner: string
  readonly sessionTokens: SessionTokens
  readonly revoke: Revoke
}

/** Strategies that share a ledger share sessions, too: by what their entries in these say of their owner. */
const families = new WeakMap<Ledger, Map<string, Member>>()

/** Makes a strategy known to those that share its ledger. */
export function joinFamily(ledger: Ledger, member: Member): void {
  const family = families.get(ledger) ?? new Map<string, Member>()
  families.set(ledger, family.set(member.owner, member))
}

/** The strategies whose grants are in this session: `self`, and those known to it. */
export function membersWithGrants(
  ledger: Ledger,
  self: Member,
  session: LoginSession,
): readonly Member[] {
  return keysOfParts(session, holdsGrant)
    .map((key) => entryOf(readPart(session, key))?.owner ?? '')
    .map((owner) => (owner === self.owner ? self : families.get(ledger)?.get(owner)))
    .filter((member) => member !== undefined)
}

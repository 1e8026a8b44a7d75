import type { LoginRequest } from '../lib/login-request.js'
import type { GrantOwner, GrantRecord, HeldLine } from './grant-record.js'
import type { ProviderName } from './index-names.js'

/** The tokens of a grant as a session holds them. */
export interface HeldGrant extends Pick<GrantRecord, 'strategy' | 'of' | 'lifetimeMs'> {
  /** The newest first. */
  readonly lines: readonly HeldLine[]
}

/** What the engine does for tokens that a session holds. */
export interface Adoption {
  /**
   * Takes over tokens that a session holds, unless the store has them or newer ones. Resolves to the record as it is
   * then, and to whether the session's were newer although this process knew the grant: another process has renewed it.
   *
   * @throws {StorageError}
   */
  readonly adopt: (
    id: string,
    held: HeldGrant,
  ) => Promise<{ readonly record: GrantRecord; readonly isForeign: boolean }>
  /** The record as this process has seen it last, without a look at the store. */
  readonly peek: (id: string) => GrantRecord | undefined
}

/** Whose the tokens are that a session held before the grants were in a store. */
export interface AdoptedOwner {
  readonly of: GrantOwner
  /** The names under which the provider can end the login: those of `of` too. */
  readonly providers: readonly ProviderName[]
}

/** Does for a login that moves from a session into the store what was not done when it came. */
export interface AdoptedOwners {
  /** Finds out whose the tokens of a session are: by the user on the request, and by the ID token among them. */
  readonly ownerOf: (request: LoginRequest, idToken: string | undefined) => AdoptedOwner
  /**
   * Lists the grant, and ends it if the provider has ended the login meanwhile. To be called when the record is stored, as
   * at a login.
   *
   * @throws {StorageError}
   */
  readonly list: (id: string, owner: AdoptedOwner, lifetimeMs: number) => Promise<void>
}

import type { GrantOwner, Renewal } from './grant-record.js'
import type { TokenSet } from '../options/token-set.js'

/** One of the few connections to a provider. The engine takes it before it marks a record. */
export interface Connection {
  readonly release: () => void
  /** Whether it was not free at once. */
  readonly waited: boolean
}

/** The connections of this process to one provider. */
export interface Connections {
  /** @param urgent whether a person waits; such requests go before others */
  acquire(urgent: boolean): Promise<Connection>
  /** Sends no refresh for so many **milliseconds**, if `person` is left out or not the only one who was limited. */
  pause(ms: number, person?: string): void
  /** For how many **milliseconds** no refresh may be sent. */
  pausedForMs(): number
}

/** How one refresh is sent. */
export interface RefreshControl {
  /** Called at the moment the request is written to its connection. If it throws, nothing is written. */
  readonly beforeWrite: () => void
  readonly connection: Connection
  /** How long to listen for the answer, in **milliseconds**. */
  readonly timeoutMs: number
  /** `scope` and `resource` of the request, if it is for a use. A list is one parameter for each element. */
  readonly parameters?: Readonly<Record<string, string | readonly string[]>> | undefined
}

/** Why an answer has come too late: its grant has `ended`, or later logins have `replaced` its line. */
export type Gone = 'ended' | 'replaced'

/** How a strategy refreshes its grants. */
export interface RefreshWays {
  /** Identifies the strategy, which may use only its own grants. */
  readonly strategy: string
  /** Sends one token request. */
  readonly refresh: (tokens: TokenSet, control: RefreshControl) => Promise<TokenSet>
  /**
   * Why the provider will refuse every later refresh too; `undefined` if a later one may succeed.
   *
   * @param isValid whether the access token is still valid
   */
  readonly refusalOf: (error: unknown, isValid: boolean) => string | undefined
  /**
   * Revokes tokens that have come too late, unless that could end something of the person that lives. Never rejects.
   *
   * @param owner of the grant that they were for
   */
  readonly revoke: (tokens: TokenSet, owner: GrantOwner, gone: Gone) => Promise<void>
  /** Called once for each refusal, with whose grant it was and what the provider has answered. Must not throw. */
  readonly onRefused: (owner: GrantOwner, reason: string) => void
  /** Runs each renewal of this process, and may watch it. */
  readonly around: (renewal: () => Promise<Renewal>) => Promise<Renewal>
  readonly connections: Connections
  /** Between the scopes of a use in a token request; a space if left out. */
  readonly scopeSeparator?: string | undefined
  /** What an access token must be allowed to do if nobody says: the scope of the strategy. */
  readonly usualScope?: readonly string[] | undefined
  /** How long before it expires an access token becomes due, in **seconds**. */
  readonly refreshBeforeSeconds: number
  /** How long the provider may take, in **milliseconds**. */
  readonly timeoutMs: number
  /** Whether a token that is due but still valid is renewed while nobody waits. */
  readonly renewInBackground: boolean
}

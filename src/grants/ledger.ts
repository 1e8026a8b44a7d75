import { hash, randomUUID } from 'node:crypto'
import { StorageError, TokenEndpointError } from '../errors/errors.js'
import type { ProviderErrorFacts } from '../errors/errors.js'
import { createSeal } from '../lib/sealing.js'
import type { Seal } from '../lib/sealing.js'
import { createSingleFlight } from '../lib/single-flight.js'
import type {
  EnrolledLogin,
  GrantState,
  Ledger,
  Renewal,
  RenewalLimits,
} from '../options/ledger.js'

/** A grant's record: `sealed` opens with the grant alone. */
export interface LedgerRecord {
  readonly version: number
  readonly sealed: string
}

/** What {@link LedgerStore.begin} found. */
export type Turn =
  | { readonly turn: 'found'; readonly sealed: string }
  | { readonly turn: 'ended' }
  /** The caller is now the owner and has to {@link LedgerStore.commit} or {@link LedgerStore.fail}. */
  | { readonly turn: 'acquired' }
  | { readonly turn: 'held'; readonly owner: string }
  /** The owner that the caller has waited for has failed. */
  | { readonly turn: 'failed'; readonly failure: string }

/** What {@link LedgerStore.commit} did. */
export type Commit =
  | { readonly commit: 'written' }
  | { readonly commit: 'ended' }
  /** There was a record of this version already. */
  | { readonly commit: 'found'; readonly sealed: string }

/** Where a ledger keeps things. Each method happens at once: nobody sees it half done. */
export interface LedgerStore {
  /** Remembers `key` for `ttlMs`; false if it was remembered already. */
  claim(key: string, ttlMs: number): Promise<boolean>
  /** Whether `key` is remembered. */
  isClaimed(key: string): Promise<boolean>
  /**
   * Looks for a record newer than `version`, and if there is none, makes `owner` the one who renews it, for
   * `leaseMs` at most, unless somebody else is. `waitedFor` is the owner that the caller saw before.
   */
  begin(
    id: string,
    version: number,
    owner: string,
    leaseMs: number,
    waitedFor: string,
  ): Promise<Turn>
  /** Writes the record, only forward and never over an ended one, and lets go of the ownership. Without `record`, ends the grant. */
  commit(
    id: string,
    owner: string,
    version: number,
    sealed: string | undefined,
    keepMs: number,
  ): Promise<Commit>
  /** Lets go of the ownership, and leaves word of the failure, if there is one, for those who wait for this owner. */
  letGo(id: string, owner: string, failure: string | undefined): Promise<void>
  /** Ends the grant and gives out its last record. */
  end(id: string, keepMs: number): Promise<string | undefined>
  /** Adds a member, which no other group has, unless the group has ended at `since` or later. */
  enrol(group: string, member: string, since: number, keepMs: number): Promise<boolean>
  /** Remembers that the group has ended, if it has not ended later, and gives out all members that it has. */
  endGroup(group: string, at: number, keepMs: number): Promise<readonly string[]>
  /** Takes members out of their group. */
  forgetMembers(group: string, members: readonly string[]): Promise<void>
}

/** Resolves after so many **milliseconds**. */
export type Wait = (milliseconds: number) => Promise<void>

/** The first look at a renewal that somebody else is doing comes after this time; each later one after twice the time before. */
const FIRST_LOOK_MS = 20

const SLOWEST_LOOK_MS = 160

/**
 * How often a finished renewal is offered to a store that does not take it: for an hour at least. Given up,
 * the tokens would be lost. It costs little, for while the store is away nobody begins another renewal.
 */
const COMMIT_ATTEMPTS = 7_200

const COMMIT_RETRY_MS = 500

/** What the provider has answered and the store has not taken yet. */
interface Unwritten {
  readonly version: number
  /** `undefined` when the provider has ended the grant. */
  readonly state: GrantState | undefined
  readonly commit: () => Promise<Commit>
}

/**
 * The rules of a ledger, over any {@link LedgerStore}: look, take the turn, look again, ask the provider
 * once, write only forward. Inside one process callers share one run; between processes they wait for the
 * owner, and take over when its lease has run out.
 */
export class CoordinatedLedger implements Ledger {
  readonly #store: LedgerStore
  readonly #wait: Wait
  readonly #share = createSingleFlight<Renewal>()
  readonly #unwritten = new Map<string, Unwritten>()

  constructor(store: LedgerStore, wait: Wait = waitUnreferenced) {
    this.#store = store
    this.#wait = wait
  }

  claim(id: string, ttlMs: number): Promise<boolean> {
    return reach(() => this.#store.claim(`claim:${id}`, ttlMs))
  }

  renew(
    grant: string,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    limits: RenewalLimits,
  ): Promise<Renewal> {
    const id = idOf(grant)
    return this.#share(`${id}:${current.version}`, async () => {
      const seal = sealOf(grant)
      const unwritten = this.#unwritten.get(id)
      if (unwritten === undefined || unwritten.version <= current.version) {
        return this.#takeTurn(id, seal, current, refresh, limits)
      }
      // Others may have ended the grant or gone on from there: the store knows, if it is back.
      const renewal = await this.#write(id, seal, unwritten)
      return renewal.outcome === 'ended' ? renewal : { ...renewal, outcome: 'found' }
    })
  }

  async end(grant: string, keepMs: number): Promise<GrantState | undefined> {
    const id = idOf(grant)
    const sealed = await reach(() => this.#store.end(id, keepMs))
    const unwritten = this.#unwritten.get(id)?.state
    this.#unwritten.delete(id)
    const written = sealed === undefined ? undefined : await openRecord(sealed, sealOf(grant), id)
    return (unwritten?.version ?? 0) > (written?.version ?? 0) ? unwritten : written
  }

  async enrol(
    login: EnrolledLogin,
    grant: string,
    groups: readonly string[],
    authenticatedAt: number,
    keepMs: number,
  ): Promise<boolean> {
    const { sessionId, entryId } = login
    const member: Member = { sessionId, entryId, record: idOf(grant), since: authenticatedAt }
    const welcomes = groups.map(async (name) => {
      const { id, seal } = groupOf(name)
      const sealed = await seal.seal(member, id)
      return reach(() => this.#store.enrol(id, sealed, authenticatedAt, keepMs))
    })
    return (await Promise.all(welcomes)).every((isWelcome) => isWelcome)
  }

  async endGroup(
    group: string,
    endedAt: number,
    keepMs: number,
    endSession: (login: EnrolledLogin) => Promise<void>,
  ): Promise<void> {
    const { id, seal } = groupOf(group)
    const members = await reach(() => this.#store.endGroup(id, endedAt, keepMs))
    const ends = members.map(async (sealed) => {
      const { record, since, ...login } = await openMember(sealed, seal, id)
      if (since > endedAt) return []
      await reach(() => this.#store.end(record, keepMs))
      this.#unwritten.delete(record)
      await endSession(login)
      return [sealed]
    })
    // One that cannot be ended does not keep the others, and is found again by whoever comes again.
    await Promise.allSettled(ends)
    const ended = (await Promise.all(ends)).flat()
    if (ended.length > 0) await reach(() => this.#store.forgetMembers(id, ended))
  }

  async endSession(sessionId: string, keepMs: number): Promise<void> {
    await reach(() =>
      this.#store.claim(`session:${hash('sha256', sessionId, 'base64url')}`, keepMs),
    )
  }

  isSessionEnded(sessionId: string): Promise<boolean> {
    return reach(() => this.#store.isClaimed(`session:${hash('sha256', sessionId, 'base64url')}`))
  }

  async #takeTurn(
    id: string,
    seal: Seal,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    limits: RenewalLimits,
  ): Promise<Renewal> {
    const owner = randomUUID()
    let waitedFor = ''
    for (let look = FIRST_LOOK_MS; ; look = Math.min(look * 2, SLOWEST_LOOK_MS)) {
      const turn = await reach(() =>
        this.#store.begin(id, current.version, owner, limits.leaseMs, waitedFor),
      ).catch((error: unknown) => {
        // It may be the owner all the same, and not know it: nobody shall wait for that.
        void this.#letGo(id, owner, undefined)
        throw error
      })
      switch (turn.turn) {
        case 'found': {
          const state = await openRecord(turn.sealed, seal, id)
          return { outcome: waitedFor === '' ? 'found' : 'renewed', state }
        }
        case 'ended':
          return { outcome: 'ended' }
        case 'failed':
          throw readFailure(turn.failure)
        case 'acquired':
          return this.#renewAsOwner(id, seal, owner, current, refresh, limits)
        case 'held':
          waitedFor = turn.owner
          await this.#wait(look)
      }
    }
  }

  async #renewAsOwner(
    id: string,
    seal: Seal,
    owner: string,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    { keepMs }: RenewalLimits,
  ): Promise<Renewal> {
    const state = await refresh().catch(async (error: unknown) => {
      await this.#letGo(id, owner, writeFailure(error))
      throw error
    })
    const sealed = state && (await seal.seal(state, id))
    const version = current.version + 1
    return this.#write(id, seal, {
      version,
      state,
      commit: () => this.#store.commit(id, owner, version, sealed, keepMs),
    })
  }

  /** If even that fails, those who wait take over when the lease has run out. */
  async #letGo(id: string, owner: string, failure: string | undefined): Promise<void> {
    await this.#store.letGo(id, owner, failure).catch(() => undefined)
  }

  /**
   * Writes what the provider has answered. The provider has retired what came before, so that with the
   * store out of reach the answer counts all the same, and is offered again until it is taken.
   */
  async #write(id: string, seal: Seal, answer: Unwritten): Promise<Renewal> {
    let commit: Commit
    try {
      commit = await answer.commit()
    } catch {
      const { version, state } = answer
      if ((this.#unwritten.get(id)?.version ?? 0) < version) {
        this.#unwritten.set(id, answer)
        void this.#keepOffering(id, answer)
      }
      return state === undefined ? { outcome: 'ended' } : { outcome: 'renewed', state }
    }
    this.#settle(id, answer)
    return conclude(commit, answer.state, seal, id)
  }

  async #keepOffering(id: string, answer: Unwritten): Promise<void> {
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
      await this.#wait(COMMIT_RETRY_MS)
      if (this.#unwritten.get(id) !== answer) return
      const isTaken = await answer.commit().then(
        () => true,
        () => false,
      )
      if (isTaken) break
    }
    this.#settle(id, answer)
  }

  #settle(id: string, answer: Unwritten): void {
    if (this.#unwritten.get(id) === answer) this.#unwritten.delete(id)
  }
}

async function conclude(
  commit: Commit,
  next: GrantState | undefined,
  seal: Seal,
  id: string,
): Promise<Renewal> {
  if (commit.commit === 'found') {
    return { outcome: 'renewed', state: await openRecord(commit.sealed, seal, id) }
  }
  return commit.commit === 'ended' || next === undefined
    ? { outcome: 'ended' }
    : { outcome: 'renewed', state: next }
}

/** The name of a grant's record: says nothing about the grant. */
function idOf(grant: string): string {
  return hash('sha256', `ledger record of ${grant}`, 'base64url')
}

/** A login in a group. Of its grant it has only the name of the record, which does not open it. */
interface Member extends EnrolledLogin {
  readonly record: string
  /** When the person was authenticated, in **milliseconds since the epoch**. */
  readonly since: number
}

/**
 * The name of a group and what its members are sealed with. Both say nothing about the group, but to those
 * who can guess it: the `sub` of a person may be known. What they find are ids of sessions, which are worth
 * nothing without the secret that signs their cookies, and no token.
 */
function groupOf(group: string): { readonly id: string; readonly seal: Seal } {
  const key = hash('sha256', `key of ledger group ${group}`, 'base64url')
  return {
    id: hash('sha256', `ledger group ${group}`, 'base64url'),
    seal: createSeal(key, 'ledger'),
  }
}

/** Opens with the grant alone, which the ledger does not know. */
function sealOf(grant: string): Seal {
  return createSeal(grant, 'ledger')
}

async function openRecord(sealed: string, seal: Seal, id: string): Promise<GrantState> {
  const state = await seal.open(sealed, id)
  if (state === undefined)
    throw new StorageError('Opening the ledger record', new Error('it was changed'))
  return state as GrantState
}

async function openMember(sealed: string, seal: Seal, group: string): Promise<Member> {
  const member = await seal.open(sealed, group)
  if (member === undefined)
    throw new StorageError('Opening a login in the ledger', new Error('it was changed'))
  return member as Member
}

async function reach<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof StorageError ? error : new StorageError('Reaching the ledger', error)
  }
}

/** What of an error may travel to those who wait in other processes: facts, nothing of the cause. */
function writeFailure(error: unknown): string {
  if (!(error instanceof TokenEndpointError))
    return JSON.stringify({ message: 'The renewal failed in another process.' })
  const { message, phase, httpStatus, networkCode, error: code, errorDescription } = error
  return JSON.stringify({
    message,
    facts: { phase, httpStatus, networkCode, error: code, errorDescription },
  })
}

function readFailure(failure: string): Error {
  const { message, facts } = JSON.parse(failure) as { message: string; facts?: ProviderErrorFacts }
  return facts === undefined
    ? new StorageError('Renewing the tokens in another process', new Error(message))
    : new TokenEndpointError(message, facts)
}

/** Does not keep the process alive. */
function waitUnreferenced(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}

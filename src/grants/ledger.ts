import { hash, randomUUID } from 'node:crypto'
import type { Seal } from '../lib/sealing.js'
import { createSingleFlight } from '../lib/single-flight.js'
import type {
  EnrolledLogin,
  GrantState,
  Ledger,
  Renewal,
  RenewalLimits,
} from '../options/ledger.js'
import { readFailure, storeCommand, writeFailure } from './ledger-failures.js'
import { groupOf, openMember, openRecord, recordIdOf, sealOf } from './ledger-records.js'
import type { Member } from './ledger-records.js'
import type { Commit, LedgerStore, Wait } from './ledger-store.js'

/** How long a caller that waits for another's renewal waits before it asks the store again. It doubles each time. */
const FIRST_POLL_MS = 20

const SLOWEST_POLL_MS = 160

/**
 * How often a finished renewal is written again while the store fails: for an hour at least. The tokens
 * would be lost otherwise. The load is small, because no other renewal can begin while the store fails.
 */
const COMMIT_ATTEMPTS = 7_200

const COMMIT_RETRY_MS = 500

/** An answer of the provider that the store does not have yet. */
interface Unwritten {
  readonly version: number
  /** `undefined` if the provider has ended the grant. */
  readonly state: GrantState | undefined
  readonly commit: () => Promise<Commit>
}

/**
 * A {@link Ledger} over any {@link LedgerStore}: `MemoryLedger` and `RedisLedger` extend it.
 *
 * To renew a grant, it looks for a newer record and takes the lease in one step of the store, asks the
 * provider once, and writes the new record, never over a newer one. Callers in the same process share one
 * run. Callers in other processes wait for the owner of the lease, and take over if the lease runs out.
 */
export class CoordinatedLedger implements Ledger {
  readonly #store: LedgerStore
  readonly #wait: Wait
  readonly #share = createSingleFlight<Renewal>()
  readonly #unwritten = new Map<string, Unwritten>()

  /** @param wait how to wait; a test passes its own */
  constructor(store: LedgerStore, wait: Wait = waitUnreferenced) {
    this.#store = store
    this.#wait = wait
  }

  claim(id: string, ttlMs: number): Promise<boolean> {
    return storeCommand(() => this.#store.claim(`claim:${id}`, ttlMs))
  }

  renew(
    grant: string,
    current: GrantState,
    refresh: () => Promise<GrantState | undefined>,
    limits: RenewalLimits,
  ): Promise<Renewal> {
    const id = recordIdOf(grant)
    return this.#share(`${id}:${current.version}`, async () => {
      const seal = sealOf(grant)
      const unwritten = this.#unwritten.get(id)
      if (unwritten === undefined || unwritten.version <= current.version) {
        return this.#takeTurn(id, seal, current, refresh, limits)
      }
      // The store may be back, and know that the grant has ended or was renewed since by another process.
      const renewal = await this.#write(id, seal, unwritten)
      return renewal.outcome === 'ended' ? renewal : { ...renewal, outcome: 'found' }
    })
  }

  async end(grant: string, keepMs: number): Promise<GrantState | undefined> {
    const id = recordIdOf(grant)
    const sealed = await storeCommand(() => this.#store.end(id, keepMs))
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
    const member: Member = { sessionId, entryId, record: recordIdOf(grant), since: authenticatedAt }
    const enrolments = groups.map(async (name) => {
      const { id, seal } = groupOf(name)
      const sealed = seal.seal(member, id)
      return storeCommand(() => this.#store.enrol(id, sealed, authenticatedAt, keepMs))
    })
    return (await Promise.all(enrolments)).every((accepted) => accepted)
  }

  async endGroup(
    group: string,
    endedAt: number,
    keepMs: number,
    endSession: (login: EnrolledLogin) => Promise<void>,
  ): Promise<void> {
    const { id, seal } = groupOf(group)
    const members = await storeCommand(() => this.#store.endGroup(id, endedAt, keepMs))
    const ends = members.map(async (sealed) => {
      const { record, since, ...login } = await openMember(sealed, seal, id)
      if (since > endedAt) return []
      await storeCommand(() => this.#store.end(record, keepMs))
      this.#unwritten.delete(record)
      await endSession(login)
      return [sealed]
    })
    // If one login cannot be ended, the others are ended all the same. It stays in the group for the next call.
    await Promise.allSettled(ends)
    const ended = (await Promise.all(ends)).flat()
    if (ended.length > 0) await storeCommand(() => this.#store.forgetMembers(id, ended))
  }

  async endSession(sessionId: string, keepMs: number): Promise<void> {
    await storeCommand(() => this.#store.claim(destroyedSessionKey(sessionId), keepMs))
  }

  isSessionEnded(sessionId: string): Promise<boolean> {
    return storeCommand(() => this.#store.isClaimed(destroyedSessionKey(sessionId)))
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
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, SLOWEST_POLL_MS)) {
      const turn = await storeCommand(() =>
        this.#store.begin(id, current.version, owner, limits.leaseMs, waitedFor),
      ).catch((error: unknown) => {
        // The store may have given us the lease although its reply was lost. Others must not wait for it.
        void this.#releaseLease(id, owner, undefined)
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
          await this.#wait(pollMs)
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
      await this.#releaseLease(id, owner, writeFailure(error))
      throw error
    })
    const sealed = state && seal.seal(state, id)
    const version = current.version + 1
    return this.#write(id, seal, {
      version,
      state,
      commit: () => this.#store.commit(id, owner, version, sealed, keepMs),
    })
  }

  /** Errors are ignored: if the store fails, the lease runs out by itself. */
  async #releaseLease(id: string, owner: string, failure: string | undefined): Promise<void> {
    await this.#store.releaseLease(id, owner, failure).catch(() => undefined)
  }

  /**
   * Writes the provider's answer to the store. If the store fails, the answer is valid nevertheless, because
   * the provider no longer accepts the old refresh token. The answer is then kept here and written later.
   */
  async #write(id: string, seal: Seal, answer: Unwritten): Promise<Renewal> {
    let commit: Commit
    try {
      commit = await answer.commit()
    } catch {
      const { version, state } = answer
      if ((this.#unwritten.get(id)?.version ?? 0) < version) {
        this.#unwritten.set(id, answer)
        void this.#retryCommit(id, answer)
      }
      return state === undefined ? { outcome: 'ended' } : { outcome: 'renewed', state }
    }
    this.#forgetUnwritten(id, answer)
    return renewalAfter(commit, answer.state, seal, id)
  }

  async #retryCommit(id: string, answer: Unwritten): Promise<void> {
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
      await this.#wait(COMMIT_RETRY_MS)
      if (this.#unwritten.get(id) !== answer) return
      const isWritten = await answer.commit().then(
        () => true,
        () => false,
      )
      if (isWritten) break
    }
    this.#forgetUnwritten(id, answer)
  }

  #forgetUnwritten(id: string, answer: Unwritten): void {
    if (this.#unwritten.get(id) === answer) this.#unwritten.delete(id)
  }
}

/** How a renewal has ended, by the store's answer to its commit. */
async function renewalAfter(
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

/** Under which key the store keeps that a session was destroyed. */
function destroyedSessionKey(sessionId: string): string {
  return `session:${hash('sha256', sessionId, 'base64url')}`
}

/** Waits, without keeping the process alive. */
function waitUnreferenced(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}

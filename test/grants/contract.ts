import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { StorageError, TokenEndpointError } from '../../src/errors/errors.js'
import { createSeal } from '../../src/lib/sealing.js'
import type { EnrolledLogin, GrantState, Ledger, RenewalLimits } from '../../src/options/ledger.js'
import { endGroup, newGrant, newGroup, newLogin, newState } from '../support/grants.js'
import { until } from '../support/until.js'

/** Where ledgers meet. */
export interface LedgerPlace {
  /** Opens the ledger of one more process. */
  open(): Ledger
  /** All that is kept, as text. */
  dump(): Promise<string>
  /** The sealed records that are kept, each with the name of its grant. */
  sealedRecords(): Promise<readonly { readonly id: string; readonly sealed: string }[]>
  close(): Promise<void>
}

const LIMITS: RenewalLimits = { leaseMs: 10_000, keepMs: 60_000 }

/** When people were authenticated, by the provider's clock, which is not ours. */
const LOGIN_AT = 1_700_000_000_000
const YEAR_MS = 31_536_000_000

/** A request to the provider that the test answers. */
function openRequest() {
  let answer!: (state: GrantState | undefined) => void
  let fail!: (error: Error) => void
  const answered = new Promise<GrantState | undefined>((resolve, reject) => {
    answer = resolve
    fail = reject
  })
  return { answer, fail, refresh: jest.fn(() => answered) }
}

/** A request to the provider that must not be made. */
const unwanted = () => jest.fn<() => Promise<GrantState | undefined>>()

const renewsTo = (state: GrantState | undefined) => jest.fn(() => Promise.resolve(state))

const providerFailure = () =>
  new TokenEndpointError('The token endpoint answered 503.', {
    phase: 'refresh',
    httpStatus: 503,
    networkCode: undefined,
    error: 'temporarily_unavailable',
    errorDescription: 'Back in a minute.',
    cause: new Error('a detail with a secret in it'),
  })

/** What every ledger does; `processes` tells how many can share one. */
export function describeLedger(createPlace: () => Promise<LedgerPlace>, processes: number[]): void {
  let place: LedgerPlace
  let ledger: Ledger
  /** The ledger of another process where there can be one, else the same. */
  let other: Ledger

  beforeAll(async () => {
    place = await createPlace()
    ledger = place.open()
    other = Math.max(...processes) > 1 ? place.open() : ledger
  })
  afterAll(() => place.close())

  /** A grant whose ledger has heard of it already, at version 2. */
  async function renewedGrant(): Promise<{ grant: string; first: GrantState; state: GrantState }> {
    const grant = newGrant()
    const [first, state] = [newState(1), newState(2)]
    await ledger.renew(grant, first, renewsTo(state), LIMITS)
    return { grant, first, state }
  }

  describe('a claim', () => {
    it('is granted to exactly one of fifty who make it at once', async () => {
      const claims = Array.from({ length: 50 }, (_, at) =>
        (at % 2 ? ledger : other).claim('a callback', 60_000),
      )
      const granted = (await Promise.all(claims)).filter(Boolean)
      expect(granted).toHaveLength(1)
      await expect(other.claim('a callback', 60_000)).resolves.toBe(false)
    })

    it('does not get in the way of another one', async () => {
      await expect(ledger.claim('one callback', 60_000)).resolves.toBe(true)
      await expect(other.claim('another callback', 60_000)).resolves.toBe(true)
    })

    it('can be made again when its time is up', async () => {
      await expect(ledger.claim('a short claim', 30)).resolves.toBe(true)
      await until(() => other.claim('a short claim', 60_000))
      await expect(ledger.claim('a short claim', 60_000)).resolves.toBe(false)
    })
  })

  describe('a renewal', () => {
    it('asks the provider once and gives out what it says', async () => {
      const state = newState(2)
      const refresh = renewsTo(state)
      const renewal = await ledger.renew(newGrant(), newState(1), refresh, LIMITS)
      expect(renewal).toEqual({ outcome: 'renewed', state })
      expect(refresh).toHaveBeenCalledTimes(1)
    })

    it('finds a newer version without asking, in every process', async () => {
      const { grant, first, state } = await renewedGrant()
      for (const one of [ledger, other]) {
        const refresh = unwanted()
        const renewal = await one.renew(grant, first, refresh, LIMITS)
        expect(renewal).toEqual({ outcome: 'found', state })
        expect(refresh).not.toHaveBeenCalled()
      }
    })

    it('goes from version to version, and gives the newest to those who come with an old one', async () => {
      const { grant, first, state } = await renewedGrant()
      const newest = newState(3)
      await other.renew(grant, state, renewsTo(newest), LIMITS)
      for (const old of [first, state]) {
        const renewal = await ledger.renew(grant, old, unwanted(), LIMITS)
        expect(renewal).toEqual({ outcome: 'found', state: newest })
      }
    })

    it.each(processes)('happens once for fifty who ask at once in %d processes', async (count) => {
      const ledgers = Array.from({ length: count }, () => place.open())
      const grant = newGrant()
      const [first, state] = [newState(1), newState(2)]
      const request = openRequest()
      const callers = Array.from({ length: 50 }, (_, at) => ledgers[at % count] ?? ledger)
      const renewals = callers.map((one) => one.renew(grant, first, request.refresh, LIMITS))
      await until(() => request.refresh.mock.calls.length > 0)
      request.answer(state)
      for (const renewal of await Promise.all(renewals)) {
        expect(renewal).toEqual({ outcome: 'renewed', state })
      }
      expect(request.refresh).toHaveBeenCalledTimes(1)
    })

    it('does not wait for that of another grant', async () => {
      const request = openRequest()
      const slow = ledger.renew(newGrant(), newState(1), request.refresh, LIMITS)
      await until(() => request.refresh.mock.calls.length > 0)
      const state = newState(2)
      const renewal = await ledger.renew(newGrant(), newState(1), renewsTo(state), LIMITS)
      expect(renewal).toEqual({ outcome: 'renewed', state })
      request.answer(newState(2))
      await slow
    })

    it('of a grant that the provider has ended ends it for everybody', async () => {
      const grant = newGrant()
      const first = newState(1)
      const request = openRequest()
      const waiting = [ledger, other, ledger, other].map((one) =>
        one.renew(grant, first, request.refresh, LIMITS),
      )
      await until(() => request.refresh.mock.calls.length > 0)
      request.answer(undefined)
      for (const renewal of await Promise.all(waiting)) {
        expect(renewal).toEqual({ outcome: 'ended' })
      }
      const later = unwanted()
      const renewal = await other.renew(grant, newState(5), later, LIMITS)
      expect(renewal).toEqual({ outcome: 'ended' })
      expect(request.refresh).toHaveBeenCalledTimes(1)
      expect(later).not.toHaveBeenCalled()
    })

    it('is remembered for as long as it was told, and no longer', async () => {
      const grant = newGrant()
      const first = newState(1)
      const refresh = renewsTo(newState(2))
      await ledger.renew(grant, first, refresh, { ...LIMITS, keepMs: 30 })
      await until(async () => {
        await other.renew(grant, first, refresh, LIMITS)
        return refresh.mock.calls.length > 1
      })
      expect(refresh).toHaveBeenCalledTimes(2)
    })

    it('takes durations that are no whole numbers', async () => {
      const limits = { leaseMs: 1_000.5, keepMs: 60_000 / 7 }
      const state = newState(2)
      const renewal = await ledger.renew(newGrant(), newState(1), renewsTo(state), limits)
      expect(renewal).toEqual({ outcome: 'renewed', state })
      await expect(ledger.claim('for a third', 100_000 / 3)).resolves.toBe(true)
    })
  })

  describe('a renewal that fails', () => {
    it('tells all who waited the same facts, and asked once for all of them', async () => {
      const grant = newGrant()
      const first = newState(1)
      const request = openRequest()
      const owner = ledger.renew(grant, first, request.refresh, LIMITS)
      await until(() => request.refresh.mock.calls.length > 0)
      const waiters = Array.from({ length: 20 }, (_, at) =>
        (at % 2 ? ledger : other).renew(grant, first, request.refresh, LIMITS),
      )
      // The first who has seen that somebody else is at it comes back to look again.
      await other.isSessionEnded('any')
      request.fail(providerFailure())
      for (const outcome of await Promise.allSettled([owner, ...waiters])) {
        const { reason } = outcome as PromiseRejectedResult
        expect(reason).toBeInstanceOf(TokenEndpointError)
        expect(reason).toMatchObject({
          message: 'The token endpoint answered 503.',
          code: 'ERR_TOKEN_ENDPOINT',
          status: 503,
          fault: 'provider',
          retryable: true,
          phase: 'refresh',
          httpStatus: 503,
          networkCode: undefined,
          error: 'temporarily_unavailable',
          errorDescription: 'Back in a minute.',
        })
      }
      expect(request.refresh).toHaveBeenCalledTimes(1)
    })

    it('changes nothing for the next one, which asks again', async () => {
      const grant = newGrant()
      const first = newState(1)
      const failing = jest.fn(() => Promise.reject(providerFailure()))
      await expect(ledger.renew(grant, first, failing, LIMITS)).rejects.toThrow(TokenEndpointError)
      await expect(other.renew(grant, first, failing, LIMITS)).rejects.toThrow(TokenEndpointError)
      const state = newState(2)
      const renewal = await ledger.renew(grant, first, renewsTo(state), LIMITS)
      expect(renewal).toEqual({ outcome: 'renewed', state })
      expect(failing).toHaveBeenCalledTimes(2)
    })
  })

  describe('a renewal that follows a failed one', () => {
    it('is waited for like any other', async () => {
      const grant = newGrant()
      const [first, state] = [newState(1), newState(2)]
      const failing = () => Promise.reject(providerFailure())
      await expect(ledger.renew(grant, first, failing, LIMITS)).rejects.toThrow(TokenEndpointError)
      const request = openRequest()
      const renewing = ledger.renew(grant, first, request.refresh, LIMITS)
      await until(() => request.refresh.mock.calls.length > 0)
      const waiting = other.renew(grant, first, request.refresh, LIMITS)
      await other.isSessionEnded('any')
      request.answer(state)
      for (const renewal of await Promise.all([renewing, waiting])) {
        expect(renewal).toEqual({ outcome: 'renewed', state })
      }
      expect(request.refresh).toHaveBeenCalledTimes(1)
    })
  })

  describe('the end of a grant', () => {
    it('is found by every renewal after it, and nobody asks the provider', async () => {
      const { grant, first, state } = await renewedGrant()
      await other.end(grant, 60_000)
      for (const one of [ledger, other]) {
        for (const current of [first, state, newState(3)]) {
          const refresh = unwanted()
          const renewal = await one.renew(grant, current, refresh, LIMITS)
          expect(renewal).toEqual({ outcome: 'ended' })
          expect(refresh).not.toHaveBeenCalled()
        }
      }
    })

    it('gives out the newest state, once', async () => {
      const { grant, state } = await renewedGrant()
      const newest = newState(3)
      await ledger.renew(grant, state, renewsTo(newest), LIMITS)
      await expect(other.end(grant, 60_000)).resolves.toEqual(newest)
      await expect(ledger.end(grant, 60_000)).resolves.toBeUndefined()
    })

    it('knows no state of a grant that was never renewed, and ends it', async () => {
      const grant = newGrant()
      await expect(ledger.end(grant, 60_000)).resolves.toBeUndefined()
      const renewal = await other.renew(grant, newState(1), unwanted(), LIMITS)
      expect(renewal).toEqual({ outcome: 'ended' })
    })

    it('wins over a renewal under way, for the one who renews and all who wait', async () => {
      const grant = newGrant()
      const first = newState(1)
      const request = openRequest()
      const renewals = [ledger, other, ledger, other].map((one) =>
        one.renew(grant, first, request.refresh, LIMITS),
      )
      await until(() => request.refresh.mock.calls.length > 0)
      await other.end(grant, 60_000)
      request.answer(newState(2))
      for (const renewal of await Promise.all(renewals)) {
        expect(renewal).toEqual({ outcome: 'ended' })
      }
      const renewal = await ledger.renew(grant, first, unwanted(), LIMITS)
      expect(renewal).toEqual({ outcome: 'ended' })
    })

    it('is for this grant only', async () => {
      const { grant, first, state } = await renewedGrant()
      await ledger.end(newGrant(), 60_000)
      const renewal = await other.renew(grant, first, unwanted(), LIMITS)
      expect(renewal).toEqual({ outcome: 'found', state })
    })

    it('is remembered for as long as it was told, and no longer', async () => {
      const grant = newGrant()
      await ledger.end(grant, 30)
      const refresh = renewsTo(newState(2))
      await until(async () => {
        const { outcome } = await other.renew(grant, newState(1), refresh, LIMITS)
        return outcome !== 'ended'
      })
      expect(refresh).toHaveBeenCalledTimes(1)
    })
  })

  describe('the end of a session', () => {
    it('is known in every process, for this session only', async () => {
      await expect(other.isSessionEnded('session-id-1')).resolves.toBe(false)
      await ledger.endSession('session-id-1', 60_000)
      await expect(ledger.isSessionEnded('session-id-1')).resolves.toBe(true)
      await expect(other.isSessionEnded('session-id-1')).resolves.toBe(true)
      await expect(other.isSessionEnded('session-id-2')).resolves.toBe(false)
    })

    it('can be said twice', async () => {
      await ledger.endSession('session-id-3', 60_000)
      await other.endSession('session-id-3', 60_000)
      await expect(ledger.isSessionEnded('session-id-3')).resolves.toBe(true)
    })

    it('is remembered for as long as it was told, and no longer', async () => {
      await ledger.endSession('session-id-4', 30)
      await until(async () => !(await other.isSessionEnded('session-id-4')))
      await expect(ledger.isSessionEnded('session-id-4')).resolves.toBe(false)
    })
  })

  /** Enrols a login of a grant of its own, which the ledger accepts. */
  async function enrolIn(
    groups: readonly string[],
    { one = ledger, authenticatedAt = LOGIN_AT, keepMs = 60_000 } = {},
  ): Promise<{ login: EnrolledLogin; grant: string }> {
    const [login, grant] = [newLogin(), newGrant()]
    const accepted = await one.enrol(login, grant, groups, authenticatedAt, keepMs)
    expect(accepted).toBe(true)
    return { login, grant }
  }

  /** Whether a login with this grant would still be renewed. */
  async function isAlive(grant: string): Promise<boolean> {
    const { outcome } = await ledger.renew(grant, newState(1), renewsTo(newState(2)), LIMITS)
    return outcome !== 'ended'
  }

  const bySession = (logins: readonly EnrolledLogin[]) =>
    [...logins].sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))

  /** The logins that the end of a group would hand out; they stay in it. */
  async function peek(group: string): Promise<EnrolledLogin[]> {
    const logins: EnrolledLogin[] = []
    const looking = ledger.endGroup(group, LOGIN_AT, 60_000, (login) => {
      logins.push(login)
      return Promise.reject(new Error('only looking'))
    })
    await looking.catch(() => undefined)
    return logins
  }

  describe('the end of a group of logins', () => {
    it('ends the grants of all of them, and hands each of them out, wherever they came from', async () => {
      const group = newGroup()
      const inside = [await enrolIn([group]), await enrolIn([group], { one: other })]
      const outside = await enrolIn([newGroup()])
      const handedOut = await endGroup(other, group, LOGIN_AT)
      expect(bySession(handedOut)).toEqual(bySession(inside.map(({ login }) => login)))
      for (const { grant } of inside) await expect(isAlive(grant)).resolves.toBe(false)
      await expect(isAlive(outside.grant)).resolves.toBe(true)
    })

    it('has ended the grant by the time that it hands the login out', async () => {
      const group = newGroup()
      const { grant } = await enrolIn([group])
      const seen = jest.fn(async () => {
        await expect(isAlive(grant)).resolves.toBe(false)
      })
      await other.endGroup(group, LOGIN_AT, 60_000, seen)
      expect(seen).toHaveBeenCalledTimes(1)
    })

    it('comes by each of the groups that a login belongs to', async () => {
      const [first, second, person] = [newGroup(), newGroup(), newGroup()]
      const one = await enrolIn([first, person])
      const two = await enrolIn([second, person])
      await expect(endGroup(ledger, first, LOGIN_AT)).resolves.toEqual([one.login])
      await expect(isAlive(two.grant)).resolves.toBe(true)
      const rest = await endGroup(other, person, LOGIN_AT)
      expect(rest).toContainEqual(two.login)
      await expect(isAlive(two.grant)).resolves.toBe(false)
    })

    it('hands a login out once', async () => {
      const group = newGroup()
      const { login } = await enrolIn([group])
      await expect(endGroup(ledger, group, LOGIN_AT)).resolves.toEqual([login])
      await expect(endGroup(other, group, LOGIN_AT)).resolves.toEqual([])
    })

    it('refuses, in every process, a login whose person was authenticated before', async () => {
      const group = newGroup()
      await endGroup(ledger, group, LOGIN_AT)
      for (const one of [ledger, other]) {
        for (const [authenticatedAt, accepted] of [
          [LOGIN_AT - YEAR_MS, false],
          [LOGIN_AT, false],
          [LOGIN_AT + 1, true],
        ] as const) {
          const enrolling = one.enrol(newLogin(), newGrant(), [group], authenticatedAt, 60_000)
          await expect(enrolling).resolves.toBe(accepted)
        }
      }
    })

    it('refuses a login that belongs to other groups besides', async () => {
      const [living, ended] = [newGroup(), newGroup()]
      await endGroup(ledger, ended, LOGIN_AT)
      for (const groups of [
        [living, ended],
        [ended, living],
      ]) {
        const enrolling = other.enrol(newLogin(), newGrant(), groups, LOGIN_AT, 60_000)
        await expect(enrolling).resolves.toBe(false)
      }
    })

    it('leaves a login alone that came after it, to be ended later', async () => {
      const group = newGroup()
      const early = await enrolIn([group])
      const late = await enrolIn([group], { authenticatedAt: LOGIN_AT + 2 })
      await expect(endGroup(other, group, LOGIN_AT + 1)).resolves.toEqual([early.login])
      await expect(isAlive(late.grant)).resolves.toBe(true)
      await expect(endGroup(other, group, LOGIN_AT + 2)).resolves.toEqual([late.login])
      await expect(isAlive(late.grant)).resolves.toBe(false)
    })

    it('is not taken back by an earlier one that comes later', async () => {
      const group = newGroup()
      await endGroup(ledger, group, LOGIN_AT)
      await endGroup(other, group, LOGIN_AT - 1_000)
      const enrolling = ledger.enrol(newLogin(), newGrant(), [group], LOGIN_AT, 60_000)
      await expect(enrolling).resolves.toBe(false)
    })

    it('that fails for one login has ended the others, and begins anew with the next call', async () => {
      const group = newGroup()
      const enrolled = [await enrolIn([group]), await enrolIn([group]), await enrolIn([group])]
      const [unlucky] = enrolled
      const done: EnrolledLogin[] = []
      const ending = ledger.endGroup(group, LOGIN_AT, 60_000, async (login) => {
        if (login.sessionId === unlucky?.login.sessionId) throw new TypeError('the store is away')
        await other.isSessionEnded('any')
        done.push(login)
      })
      await expect(ending).rejects.toThrow(new TypeError('the store is away'))
      expect(done).toHaveLength(2)
      for (const { grant } of enrolled) await expect(isAlive(grant)).resolves.toBe(false)
      const again = await endGroup(other, group, LOGIN_AT)
      expect(bySession(again)).toEqual(bySession(enrolled.map(({ login }) => login)))
    })

    it('is remembered for as long as it was told, and no longer', async () => {
      const group = newGroup()
      await endGroup(ledger, group, LOGIN_AT, 30)
      await until(() => other.enrol(newLogin(), newGrant(), [group], LOGIN_AT, 60_000))
      await expect(endGroup(ledger, group, LOGIN_AT, 60_000)).resolves.toHaveLength(1)
      const enrolling = other.enrol(newLogin(), newGrant(), [group], LOGIN_AT, 60_000)
      await expect(enrolling).resolves.toBe(false)
    })

    it('finds each login for as long as it was told, however long the others stay', async () => {
      const group = newGroup()
      const authenticatedAt = LOGIN_AT - YEAR_MS
      const long = await enrolIn([group], { authenticatedAt })
      const longer = await enrolIn([group], { keepMs: 100_000 / 1.5 })
      await enrolIn([group], { keepMs: 30 })
      await until(async () => (await peek(group)).length < 3)
      const left = await endGroup(other, group, LOGIN_AT)
      expect(bySession(left)).toEqual(bySession([long.login, longer.login]))
    })

    it('either hands out a login that comes at the same moment, or refuses it', async () => {
      for (let round = 0; round < 5; round++) {
        const [group, person] = [newGroup(), newGroup()]
        const ledgers = [ledger, other, place.open(), place.open()]
        const comers = Array.from({ length: 40 }, (_, at) => ({
          login: newLogin(),
          one: ledgers[at % 4] ?? ledger,
        }))
        const enrol = ({ login, one }: (typeof comers)[number]) =>
          one.enrol(login, newGrant(), [group, person], LOGIN_AT, 60_000)
        const early = comers.slice(0, 20).map(enrol)
        await Promise.race(early)
        const ending = endGroup(other, group, LOGIN_AT)
        const answers = await Promise.all([...early, ...comers.slice(20).map(enrol)])
        const handedOut = await ending
        const accepted = comers.filter((_, at) => answers[at]).map(({ login }) => login)
        expect(bySession(handedOut)).toEqual(bySession(accepted))
        expect(accepted.length).toBeGreaterThan(0)
      }
    })
  })

  if (Math.max(...processes) === 1) return

  describe('a process that dies while it renews', () => {
    it('is replaced when its lease has run out', async () => {
      const grant = newGrant()
      const [first, state] = [newState(1), newState(2)]
      const limits = { ...LIMITS, leaseMs: 100 }
      const dead = openRequest()
      void ledger.renew(grant, first, dead.refresh, limits)
      await until(() => dead.refresh.mock.calls.length > 0)
      const renewal = await other.renew(grant, first, renewsTo(state), limits)
      expect(renewal).toEqual({ outcome: 'renewed', state })
    })

    it('is waited for as long as its lease lasts', async () => {
      const grant = newGrant()
      const first = newState(1)
      const limits = { ...LIMITS, leaseMs: 300 }
      const dead = openRequest()
      const startedAt = performance.now()
      void ledger.renew(grant, first, dead.refresh, limits)
      await until(() => dead.refresh.mock.calls.length > 0)
      let askedAt = 0
      await other.renew(
        grant,
        first,
        () => {
          askedAt = performance.now()
          return Promise.resolve(newState(2))
        },
        limits,
      )
      // Redis and Node.js round their clocks.
      expect(askedAt - startedAt).toBeGreaterThan(295)
    })

    it('cannot put an older version over a newer one, or let go of what others hold', async () => {
      const grant = newGrant()
      const [first, second, third] = [newState(1), newState(2), newState(3)]
      const late = openRequest()
      const revived = ledger.renew(grant, first, late.refresh, { ...LIMITS, leaseMs: 30 })
      await until(() => late.refresh.mock.calls.length > 0)
      await other.renew(grant, first, renewsTo(second), LIMITS)
      const holder = openRequest()
      const holding = other.renew(grant, second, holder.refresh, LIMITS)
      await until(() => holder.refresh.mock.calls.length > 0)

      late.answer(newState(2))
      await expect(revived).resolves.toEqual({ outcome: 'renewed', state: second })

      const waiting = ledger.renew(grant, second, unwanted(), LIMITS)
      holder.answer(third)
      await expect(holding).resolves.toEqual({ outcome: 'renewed', state: third })
      expect(await waiting).toMatchObject({ state: third })
      await expect(place.open().end(grant, 60_000)).resolves.toEqual(third)
    })

    it('cannot tell those of a failure who wait for another', async () => {
      const grant = newGrant()
      const [first, state] = [newState(1), newState(2)]
      const late = openRequest()
      const revived = ledger.renew(grant, first, late.refresh, { ...LIMITS, leaseMs: 30 })
      await until(() => late.refresh.mock.calls.length > 0)
      const holder = openRequest()
      const holding = other.renew(grant, first, holder.refresh, LIMITS)
      await until(() => holder.refresh.mock.calls.length > 0)
      late.fail(providerFailure())
      await expect(revived).rejects.toThrow(TokenEndpointError)
      const waiting = place.open().renew(grant, first, unwanted(), LIMITS)
      holder.answer(state)
      await expect(Promise.all([holding, waiting])).resolves.toMatchObject([{ state }, { state }])
    })
  })

  describe('a failure that is no answer of the provider', () => {
    it('reaches those who wait as a failure of the storage, with nothing of its own words', async () => {
      const grant = newGrant()
      const first = newState(1)
      const request = openRequest()
      const owner = ledger.renew(grant, first, request.refresh, LIMITS)
      await until(() => request.refresh.mock.calls.length > 0)
      const looks = jest.fn<() => Promise<GrantState | undefined>>()
      const waiter = other.renew(grant, first, looks, LIMITS)
      await other.isSessionEnded('any')
      request.fail(new TypeError('a private key of mine'))
      await expect(owner).rejects.toThrow('a private key of mine')
      const error = await waiter.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(StorageError)
      expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain('private key')
      expect(looks).not.toHaveBeenCalled()
    })
  })

  describe('what is kept', () => {
    it('says nothing of tokens, grants, sessions and causes', async () => {
      const { grant, first, state } = await renewedGrant()
      const ended = await renewedGrant()
      await ledger.end(ended.grant, 60_000)
      const failed = newGrant()
      const failing = () => Promise.reject(providerFailure())
      await expect(ledger.renew(failed, first, failing, LIMITS)).rejects.toThrow(TokenEndpointError)
      await ledger.endSession('a-secret-session-id', 60_000)
      const [provider, person] = ['a-secret-sid', 'a-secret-sub']
      const { login, grant: enrolled } = await enrolIn([provider, person])
      await expect(peek(person)).resolves.toEqual([login])

      const dump = await place.dump()
      expect(dump).toContain('The token endpoint answered 503.')
      const secrets = [grant, ended.grant, failed, 'a-secret-session-id', 'a detail with a secret']
      secrets.push(provider, person, login.sessionId, login.entryId, enrolled)
      for (const { tokens } of [first, state, ended.state]) {
        const { accessToken, refreshToken = '', idToken = '' } = tokens
        secrets.push(accessToken, refreshToken, idToken, 'access-token', 'refresh-token')
      }
      for (const secret of secrets) {
        expect(dump).not.toContain(secret)
        expect(dump).not.toContain(Buffer.from(secret).toString('base64url'))
      }
    })

    it('opens with its grant, and with no other and in no other place', async () => {
      const known = new Set((await place.sealedRecords()).map((record) => record.sealed))
      const { grant, state } = await renewedGrant()
      const added = (await place.sealedRecords()).filter((record) => !known.has(record.sealed))
      const [{ id, sealed } = { id: '', sealed: '' }] = added
      expect(createSeal(grant, 'ledger').open(sealed, id)).toEqual(state)
      for (const [secret, context] of [
        [newGrant(), id],
        [grant, 'another place'],
        [id, id],
      ] as const) {
        const opened = createSeal(secret.padEnd(32), 'ledger').open(sealed, context)
        expect(opened).toBeUndefined()
      }
    })
  })
}

import type { GrantRecord, Line } from '../../../src/grants/grant-record.js'
import type { Disturbances } from './disturbances.js'
import type { Timeline } from './timeline.js'
import type { VirtualProcess } from './virtual-clock.js'
import { identify } from './world-provider.js'
import type { Family, TokenRequest } from './world-provider.js'
import type { AppliedWrite } from './world-store.js'

/** Why a login may be lost. Everything else is a fault. */
export type Cause =
  | 'the answer was lost on the network, or took over a minute'
  | 'the process was killed'
  | 'the process was frozen or cut off for a whole lease'
  | 'the store lost a write that it had acknowledged'

/** Half of a lease: how old a mark may be when a request is written, in **milliseconds**. */
const FRESH_MS = 5_000
const LEASE_MS = 10_000
/** How long a process keeps its mark while it waits for the provider. */
const MARK_KEPT_MS = 60_000

/** How long storing an answer takes at the most, also if calls of the store get lost, in **milliseconds**. */
const STORED_MS = 3_000
const STORED_IN_NOISE_MS = 15_000

/** How long a process remembers what the store has accepted, in **milliseconds**. */
const REMEMBERED_MS = 60_000

/** How long after a caller has asked the store may still show an older state, in **milliseconds**: its call limit. */
const CALL_MS = 6_000

interface MarkFacts {
  readonly id: string
  readonly process: VirtualProcess
  readonly askedAt: number
  readonly at: number
  /** Whether a renewal began with it. */
  readonly isFirst: boolean
}

interface End {
  readonly process: VirtualProcess
  readonly at: number
  readonly isStored: boolean
}

/** A refresh token that the store had acknowledged and then lost. */
interface LostToken {
  /** When it was lost. */
  readonly at: number
  readonly writer: VirtualProcess
  /** Until when the writer remembers it. */
  readonly rememberedUntil: number
}

interface LostWrite {
  readonly grant: string
  readonly writer: VirtualProcess
  /** When it was written. */
  readonly since: number
  /** When it was lost. */
  readonly at: number
  readonly wasAcked: boolean
}

/** Watches a world, and says what should not have happened. */
export interface Oracle {
  readonly faults: string[]
  readonly causes: ReadonlyMap<Cause, number>
  readonly applied: (write: AppliedWrite) => void
  readonly failedOver: (lost: readonly AppliedWrite[]) => void
  readonly read: (process: VirtualProcess, record: GrantRecord) => void
  readonly storeAnswered: (process: VirtualProcess, isInterrupted: boolean) => void
  readonly sent: (request: TokenRequest) => void
  readonly arrived: (request: TokenRequest, newestBy: TokenRequest | undefined) => void
  readonly killed: (process: VirtualProcess) => void
  readonly begun: (family: string) => void
  readonly ending: (grant: string) => void
  /** A line is about to be taken out of its grant, because its login has failed. */
  readonly undoing: (line: string) => void
  readonly ended: (process: VirtualProcess, grant: string, families: readonly string[]) => void
  readonly refusedByApi: (process: VirtualProcess, accessToken: string) => void
  readonly handedOut: (process: VirtualProcess, line: Line, askedAt: number) => void
  readonly askedToLogIn: (process: VirtualProcess, grant: string, askedAt: number) => void
  readonly fault: (what: string) => void
  /** Looks at what is left when everything has become calm. */
  readonly conclude: (
    families: readonly Family[],
    linesOf: (grant: string) => readonly Line[] | undefined,
  ) => void
  /** Whether a login may be lost for one of the causes. */
  readonly isExcused: (family: Family) => boolean
}

/** What {@link createOracle} needs. */
export interface OracleParts {
  readonly timeline: Timeline
  readonly disturbances: Disturbances
  readonly cacheMs: number
  /** Whether all clocks show the same time: then the pauses between requests are checked. */
  readonly clocksAgree: boolean
  readonly requests: readonly TokenRequest[]
  readonly families: readonly Family[]
  /** Whether no single calls of the store fail. */
  readonly isQuiet: () => boolean
}

/** Creates an {@link Oracle}. */
export function createOracle(parts: OracleParts): Oracle {
  const { timeline, disturbances, cacheMs, requests, families } = parts
  const faults: string[] = []
  const known = new Set<string>()
  /** Requests that used a refresh token again for one of the causes: what they have brought may be lost too. */
  const excused = new Map<TokenRequest, Cause>()
  /** Requests whose refresh token was not used for one of the causes: the login may be lost with it. */
  const replaced = new Set<TokenRequest>()
  const causes = new Map<Cause, number>()
  const marks = new Map<string, MarkFacts[]>()
  /** When the store first had a refresh token. */
  const storedAt = new Map<string, number>()
  /** Refresh tokens that a failover has removed again, and who had written them. */
  const rolledBack = new Map<string, LostToken>()
  /** Those that the store had taken and lost before its answer arrived: a process that is frozen believes the answer. */
  const unheard = new Map<string, { readonly writer: VirtualProcess; readonly at: number }>()
  /** Writes that failovers have lost, and when. */
  const failOvers: LostWrite[] = []
  const killedAt = new Map<VirtualProcess, number>()
  const interruptedAt = new Map<VirtualProcess, number>()
  const noticedAt = new Map<VirtualProcess, number>()
  const begunAt = new Map<string, number>()
  const endings: { grant: string; at: number }[] = []
  const undone = new Set<string>()
  const ends = new Map<string, End>()
  const closed = new Map<string, Set<string>>()
  const closedFamilies = new Set<string>()
  const refusedByApi = new Set<string>()
  const lineNumbers = new Map<string, number>()
  const highestNumbers = new Map<string, number>()
  /** When a token that the store did not have was first handed out. */
  const firstHandOut = new Map<string, number>()
  /** The newest refresh token of each family that a process has read in the store. */
  const newestRead = new Map<string, number>()
  const failureNotes: { line: string; process: VirtualProcess; at: number }[] = []

  function fault(what: string): void {
    if (known.has(what)) return
    known.add(what)
    faults.push(`${(timeline.time() / 1000).toFixed(3)} s: ${what}`)
  }

  function tokenKey(family: string, number: number): string {
    return `${family}.${number}`
  }

  function lastMarkOf(
    grant: string,
    process: VirtualProcess,
    until: number,
  ): MarkFacts | undefined {
    return marks.get(grant)?.findLast((mark) => mark.process === process && mark.at <= until)
  }

  /** Why the newest refresh token, which `first` has brought, was not used by `second`, or is not stored at all. */
  function causeFor(
    first: TokenRequest,
    second?: TokenRequest,
    until = timeline.time(),
    isConcluding = false,
  ): Cause | undefined {
    const { family, issued = 0, process } = first
    const key = tokenKey(family.name, issued)
    const mark = second && lastMarkOf(family.grant, second.process, second.sentAt)
    const decidedAt = mark?.at ?? until
    const stored = storedAt.get(key)
    const gone = rolledBack.get(key)
    if (stored !== undefined && stored < decidedAt && gone === undefined) return undefined
    if (gone !== undefined && isHealable(gone, second, decidedAt)) return undefined
    if (gone !== undefined) return 'the store lost a write that it had acknowledged'
    const endedAt = first.deliveredAt ?? second?.sentAt ?? timeline.time()
    if (first.isLost || endedAt - first.sentAt >= 60_000) {
      return 'the answer was lost on the network, or took over a minute'
    }
    const killed = killedAt.get(process)
    if (killed !== undefined && killed < Math.min(stored ?? Infinity, storableBy(first, killed)))
      return 'the process was killed'
    const begun = Math.min(
      ...[first, second ?? first].map(
        (one) => lastMarkOf(family.grant, one.process, one.sentAt)?.askedAt ?? one.sentAt,
      ),
    )
    const isRolledBack = failOvers.some(
      ({ grant, at, writer, wasAcked }) =>
        grant === family.grant &&
        wasAcked &&
        (writer === process || writer === second?.process) &&
        at >= begun &&
        at <= Math.max(decidedAt, second?.sentAt ?? 0, first.sentAt),
    )
    if (isRolledBack) return 'the store lost a write that it had acknowledged'
    const tookOverAt =
      marks
        .get(family.grant)
        ?.find((one) => one.process !== process && one.at > first.sentAt && one.at <= decidedAt)
        ?.at ?? decidedAt
    const shown = lastMarkOf(family.grant, process, tookOverAt)?.askedAt ?? first.sentAt
    if (
      second?.process !== process &&
      !isConcluding &&
      decidedAt < storableBy(first, decidedAt) &&
      disturbances.excuse(process, shown, tookOverAt)
    ) {
      return 'the process was frozen or cut off for a whole lease'
    }
    // Two answers under marks of the same number, as a failover has lost the first mark: one of them counts.
    const earlier = excused.get(first)
    const isLost = earlier === 'the store lost a write that it had acknowledged'
    return isConcluding && !isLost ? undefined : earlier
  }

  function isStoredBefore({ family, issued = 0 }: TokenRequest, time: number): boolean {
    return (storedAt.get(tokenKey(family.name, issued)) ?? Infinity) < time
  }

  /** By when the answer to a request must be in the store, as far as that can be said at a moment. */
  function storableBy(
    { process, family, deliveredAt = Infinity }: TokenRequest,
    until: number,
  ): number {
    if (failOvers.some((one) => one.grant === family.grant && one.at >= deliveredAt))
      return Infinity
    const neededMs = parts.isQuiet() ? STORED_MS : STORED_IN_NOISE_MS
    return deliveredAt + neededMs + disturbances.totalMs(process, deliveredAt, until)
  }

  /** Whether a write that a failover has lost should have been written again before it was needed. */
  function isHealable(
    { at, writer, rememberedUntil }: LostToken,
    second: TokenRequest | undefined,
    decidedAt: number,
  ): boolean {
    if ((killedAt.get(writer) ?? Infinity) < decidedAt) return false
    if (second?.process === writer && decidedAt > at && decidedAt < rememberedUntil) return true
    const noticed = noticedAt.get(writer)
    return (
      noticed !== undefined &&
      noticed >= at &&
      noticed + 1_500 < Math.min(decidedAt, rememberedUntil) &&
      disturbances.totalMs(writer, noticed, decidedAt) === 0
    )
  }

  /** Whether a process had all it needs to note a failure before another decided to send. */
  function shouldBeNoted(
    writer: VirtualProcess,
    at: number,
    { family, sentAt }: TokenRequest,
  ): boolean {
    return (
      parts.isQuiet() &&
      sentAt > at + 3_000 &&
      !killedAt.has(writer) &&
      disturbances.totalMs(writer, at - 3_000, sentAt) === 0 &&
      families.every((one) => one === family || one.begunAt > sentAt)
    )
  }

  function count(cause: Cause): void {
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
  }

  function watchMarks({ id, process, askedAt, at, record, before }: AppliedWrite): void {
    const mark = record.mark?.id
    if (mark === undefined || mark === before?.mark?.id) return
    const known = marks.get(id) ?? []
    marks.set(id, known)
    const replaced = known.findLast((one) => one.id === before?.mark?.id)
    const isFirst = replaced?.process !== process
    known.push({ id: mark, process, askedAt, at, isFirst })
    if (replaced === undefined || replaced.process === process) return
    if (at - replaced.at < LEASE_MS) fault(`${process.name} took over after ${at - replaced.at} ms`)
    const isUsable = record.lines.every(
      ({ tokens: { accessToken, expiresAt = Infinity } }) =>
        !refusedByApi.has(`${process.name} ${accessToken}`) &&
        process.clock.now() - (at - askedAt) < expiresAt - CALL_MS,
    )
    if (isUsable && record.lines.length > 0)
      fault(`${process.name} took over although the token is usable`)
  }

  function watchLines({ id, process, record }: AppliedWrite): void {
    const gone = closed.get(id) ?? new Set()
    closed.set(id, gone)
    for (const line of record.lines) {
      if (gone.has(line.id)) fault(`${process.name} brought a closed line back`)
      const key = `${id} ${line.id}`
      if (lineNumbers.has(key)) continue
      const highest = highestNumbers.get(id) ?? 0
      if (line.number <= highest && !failOvers.some(({ grant }) => grant === id)) {
        fault(`${process.name} began a line with an old number`)
      }
      lineNumbers.set(key, line.number)
      highestNumbers.set(id, Math.max(highest, line.number))
    }
    for (const line of record.closed) gone.add(line)
  }

  function watchEnds({ id, process, record, before }: AppliedWrite): void {
    if (record.endedAt === undefined || before === undefined || before.endedAt !== undefined) return
    const isAsked = [...endings, ...failOvers].some(({ grant }) => grant === id)
    const others = before.lines.filter((line) => !undone.has(line.id))
    if (!isAsked && others.length > 0) fault(`${process.name} ended a grant that others use`)
  }

  return {
    faults,
    causes,
    fault,

    applied(write) {
      watchMarks(write)
      watchLines(write)
      watchEnds(write)
      const { record, process, before } = write
      for (const { tokens } of record.lines) {
        const { family, number } = identify(tokens.refreshToken ?? '')
        const key = tokenKey(family, number)
        if (!storedAt.has(key)) storedAt.set(key, write.at)
        rolledBack.delete(key)
        unheard.delete(key)
      }
      if (record.failure !== undefined && record.failure.id !== before?.failure?.id) {
        failureNotes.push({ line: record.failure.line, process, at: write.at })
      }
      for (const { id: line, tokens } of before?.lines ?? []) {
        if (!record.lines.some((one) => one.id === line)) {
          closedFamilies.add(identify(tokens.refreshToken ?? '').family)
        }
      }
    },

    failedOver(lost) {
      for (const { id, askedAt, at, process, record, before, ackedAt } of lost) {
        const lostAt = timeline.time()
        const wasAcked = ackedAt !== undefined
        failOvers.push({ grant: id, writer: process, since: at, at: lostAt, wasAcked })
        closed.set(id, new Set(before?.closed ?? []))
        for (const { tokens } of record.lines) {
          const { family, number } = identify(tokens.refreshToken ?? '')
          const key = tokenKey(family, number)
          if (storedAt.get(key) !== at) continue
          storedAt.delete(key)
          if (wasAcked) {
            const rememberedUntil = askedAt + REMEMBERED_MS
            rolledBack.set(key, { at: lostAt, writer: process, rememberedUntil })
          } else unheard.set(key, { writer: process, at })
        }
      }
    },

    read(process, { lines }) {
      for (const { tokens } of lines) {
        const { family, number } = identify(tokens.refreshToken ?? '')
        const key = `${process.name} ${family}`
        newestRead.set(key, Math.max(number, newestRead.get(key) ?? 0))
      }
    },

    storeAnswered(process, isInterrupted) {
      if (isInterrupted) {
        interruptedAt.set(process, timeline.time())
        noticedAt.delete(process)
      } else if (interruptedAt.has(process) && !noticedAt.has(process)) {
        noticedAt.set(process, timeline.time())
      }
    },

    sent(request) {
      const { process, family } = request
      const mark = lastMarkOf(family.grant, process, request.sentAt)
      const age = request.sentAt - (mark?.askedAt ?? -Infinity)
      if (age >= FRESH_MS)
        fault(`${process.name} sent a refresh with a mark of ${Math.round(age)} ms`)
      const newest = newestRead.get(`${process.name} ${family.name}`) ?? 0
      if (request.token < newest && !failOvers.some(({ grant }) => grant === family.grant))
        fault(`${process.name} used a refresh token although it had read a newer one`)
      if (!parts.clocksAgree || failOvers.length > 0 || mark === undefined) return
      const failed = requests.findLast(
        (one) => one.family === family && one.outcome === 'failed' && one.deliveredAt !== undefined,
      )
      const { sentAt = 0 } = failed ?? {}
      if (
        requests.some(
          (one) =>
            one.family === family &&
            one.issued !== undefined &&
            (one.sentAt > sentAt || (one.deliveredAt ?? 0) > (failed?.deliveredAt ?? 0)),
        )
      )
        return
      if (failed?.deliveredAt === undefined) return
      const { deliveredAt, retryAfterMs = 500 } = failed
      // Its mark was given up before it came. Others may have been at it since, and only the process itself knows.
      if (failed.process !== process && deliveredAt > failed.sentAt + MARK_KEPT_MS) return
      const isNoted =
        failed.process === process ||
        shouldBeNoted(failed.process, deliveredAt, request) ||
        failureNotes.some(
          (note) => note.process === failed.process && note.at >= deliveredAt && note.at < mark.at,
        )
      const pause = request.sentAt - deliveredAt
      // The record has room for one failure.
      const lines = failureNotes
        .filter(({ at }) => at >= deliveredAt - 20_000)
        .map(({ line }) => line)
      if (new Set(lines).size > 1) return
      if (isNoted && pause < Math.min(retryAfterMs, 15 * 60_000) - 1) {
        fault(`${process.name} sent a refresh ${Math.round(pause)} ms after one that failed`)
      }
    },

    arrived(request, newestBy) {
      if (newestBy === undefined) return
      const cause = causeFor(newestBy, request)
      if (cause !== undefined) {
        excused.set(request, cause)
        replaced.add(newestBy)
        count(cause)
        return
      }
      fault(
        `${request.process.name} used the refresh token ${request.token} of ${request.family.name} again; ` +
          `${newestBy.process.name} had sent it at ${(newestBy.sentAt / 1000).toFixed(3)} s`,
      )
    },

    killed(process) {
      killedAt.set(process, timeline.time())
    },

    begun(family) {
      begunAt.set(family, timeline.time())
    },

    ending(grant) {
      endings.push({ grant, at: timeline.time() })
    },

    undoing(line) {
      undone.add(line)
    },

    ended(process, grant, names) {
      const isStored = !families.some(
        ({ name }) => names.includes(name) && !closedFamilies.has(name),
      )
      for (const name of names) ends.set(name, { process, at: timeline.time(), isStored })
    },

    refusedByApi(process, accessToken) {
      refusedByApi.add(`${process.name} ${accessToken}`)
    },

    handedOut(process, line, askedAt) {
      const { family: name, number } = identify(line.tokens.accessToken)
      const end = ends.get(name)
      const grant = families.find((one) => one.name === name)?.grant
      const now = timeline.time()
      const brought = requests.find(
        ({ family, issued }) => family.name === name && issued === number,
      )
      const isStored =
        brought === undefined ||
        storedAt.has(tokenKey(name, number)) ||
        brought.issued === undefined
      // Who asked while the first attempt to store it was under way gets it too.
      const key = tokenKey(name, number)
      if (!isStored && !firstHandOut.has(key)) firstHandOut.set(key, now)
      const isOnce = !isStored && askedAt <= (firstHandOut.get(key) ?? now)
      // A failover may have lost it after this process has read it, and before its writer was told.
      const hasRead = (newestRead.get(`${process.name} ${name}`) ?? -1) >= number
      const lost = unheard.get(key)
      const isHeardLate =
        lost?.writer === process && disturbances.totalMs(process, lost.at, now) > 0
      if (
        !isStored &&
        !isOnce &&
        !isHeardLate &&
        !hasRead &&
        !rolledBack.has(tokenKey(name, number)) &&
        brought.family.newest === number
      ) {
        const isFixed = line.tokens.refreshToken?.endsWith('.0') === true && number > 0
        if (!isFixed) fault(`${process.name} handed out again what the store does not have`)
      }
      if (end === undefined || end.at >= now) return
      if (end.process === process) {
        fault(`${process.name} handed out a token of a grant that it had ended`)
        return
      }
      const extraMs = disturbances.totalMs(process, askedAt, now)
      const isUnreachable =
        !parts.isQuiet() ||
        failOvers.length > 0 ||
        disturbances.totalMs(process, (brought?.deliveredAt ?? now) - 6_000, now) > 0
      if (now <= end.at + Math.max(cacheMs, CALL_MS) + extraMs || !end.isStored) return
      if (isOnce && isUnreachable) return
      if (failOvers.some((one) => one.grant === grant && one.since >= end.at - 2_000)) return
      fault(`${process.name} handed out a token ${Math.round(now - end.at)} ms after the end`)
    },

    askedToLogIn(process, grant, askedAt) {
      const alive = families.filter(
        (family) =>
          family.grant === grant &&
          family.ended === undefined &&
          !closedFamilies.has(family.name) &&
          (begunAt.get(family.name) ?? Infinity) < askedAt &&
          !endings.some((one) => one.grant === grant && one.at >= family.begunAt),
      )
      const newest = alive.at(-1)
      if (newest === undefined) return
      const isExcused =
        failOvers.some((one) => one.grant === grant && one.at >= newest.begunAt) ||
        // What it has brought may have been stored and used since, by the process that sent it.
        [...replaced].some((one) => one.family === newest && !isStoredBefore(one, askedAt)) ||
        (newest.newestBy !== undefined &&
          causeFor(newest.newestBy, undefined, askedAt) !== undefined)
      if (!isExcused) fault(`${process.name} asked to log in although ${newest.name} is alive`)
    },

    isExcused: ({ newestBy }) => newestBy === undefined || causeFor(newestBy) !== undefined,

    conclude(all, linesOf) {
      for (const family of all) {
        const { name, grant, newest, newestBy, ended } = family
        const isGone = closedFamilies.has(name)
        if (
          ended?.by === 'revoked' &&
          !isGone &&
          !failOvers.some((one) => one.grant === grant && one.at >= family.begunAt) &&
          !endings.some((one) => one.grant === grant && one.at >= family.begunAt)
        ) {
          fault(`${name} was revoked although its grant has not ended`)
        }
        const lines = linesOf(grant)
        const present = lines?.find(
          ({ tokens }) => identify(tokens.refreshToken ?? '').family === name,
        )
        const end = ends.get(name)
        if (end !== undefined && present !== undefined && end.process.isAlive()) {
          fault(`${name} is still in the store although its grant has ended`)
        }
        if (
          ended !== undefined ||
          !begunAt.has(name) ||
          closedFamilies.has(name) ||
          newestBy === undefined
        )
          continue
        const has = present && identify(present.tokens.refreshToken ?? '').number
        if (has === newest || (has === 0 && present?.tokens.accessToken.endsWith('.0') === false))
          continue
        const cause = causeFor(newestBy, undefined, undefined, true)
        if (cause === undefined) fault(`the newest refresh token ${newest} of ${name} is nowhere`)
        else count(cause)
      }
    },
  }
}

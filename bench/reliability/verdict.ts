import type { LostLogin, LostUpdate, Logout } from './browser.js'
import type { Fleet } from './processes.js'
import type { Provider } from './provider.js'
import type { DisturbedStore, Stretch } from './disturbed-store.js'
import type { TokenPlace } from './grant-place.js'
import type { Grant, RefreshToken, RefreshTokenUse } from './token-book.js'

/** What excuses a loss; `undefined` where nothing does. */
export type Cause =
  | 'killed with its request in flight'
  | 'stopped with its request in flight: the time for it was up'
  | 'killed while the answer waited for the store'
  | 'the network lost the answer'
  | 'the answer took over a minute'
  | 'Redis lost a write it had acknowledged'
  | 'Redis lost the mark of a refresh under way'
  | 'Redis lost a write it had acknowledged, and its process had ended'
  | undefined

/** Everything that is known about what happened. */
export interface Facts {
  /** Where the tokens are. */
  readonly tokens: TokenPlace
  /** Whether the tokens end with the login, or survive logging out. */
  readonly lifetime: 'login' | 'account'
  readonly provider: Provider
  readonly fleet: Fleet
  readonly store: DisturbedStore
}

/** A refresh token that was used twice. */
export interface Reuse {
  readonly token: RefreshToken
  readonly cause: Cause
}

/** No process takes longer from the provider's answer to the store, however busy the machine is. */
const WRITING_MS = 5_000

/** When the store is back, it takes the clients so long to notice, and the library to offer again what has waited. */
const OFFERING_MS = 3_000

/** A browser may see an answer so long after the store has acknowledged the write, in milliseconds. */
const DELIVERY_MS = 2_000

/** What one process has ended counts in the others after `cacheSeconds`; on a busy machine a little later. */
const ENDED_EVERYWHERE_MS = 10_000 + 3_000

const HALF_LEASE_MS = 5_000

const MINUTE_MS = 60_000

/** Finds the refresh tokens that were used twice, and what excuses it. */
export function findReuses(facts: Facts): Reuse[] {
  return [...facts.provider.grants.values()]
    .flatMap(({ refreshTokens }) => refreshTokens)
    .filter(({ uses }) => uses.length > 1)
    .map((token) => ({ token, cause: causeOfReuse(token, facts) }))
}

/**
 * The provider has rotated at the first use. Its answer is excused if it never came, died with a process that ended
 * before it was stored, or was lost by the store.
 */
function causeOfReuse(token: RefreshToken, facts: Facts): Cause {
  const [first, second] = token.uses
  if (first?.accessToken === undefined) return undefined
  if (first.isAnswerLost) return 'the network lost the answer'
  const usedAgainAt = second?.at ?? Infinity
  // What was stored later came too late.
  const decidedAt = timeOfMark(token.cameWith, usedAgainAt, facts)
  const keptAt = (facts.fleet.keptAt.get(first.accessToken.name) ?? []).filter(
    (one) => one < decidedAt,
  )
  if (keptAt.length > 0) return causeOfForgetting(first.process, keptAt, facts)
  const hasLost = facts.store.losses.some((loss) => hasLostMark(loss, first.at, usedAgainAt))
  if (facts.tokens === 'redis' && hasLost) return 'Redis lost the mark of a refresh under way'
  return causeOfNotStoring(first, facts)
}

/**
 * When the second user has stored its mark: the last write with the tokens that were used again. It looks at nothing
 * after that if it sends in time, so that it does not see what is written again.
 */
function timeOfMark(accessToken: string, usedAgainAt: number, { fleet }: Facts): number {
  const isMark = (at: number): boolean => at < usedAgainAt && usedAgainAt - at < HALF_LEASE_MS
  return fleet.keptAt.get(accessToken)?.findLast(isMark) ?? usedAgainAt
}

/** Why tokens that were stored are not found. */
function causeOfForgetting(
  process: string,
  keptAt: readonly number[],
  { fleet, store }: Facts,
): Cause {
  if (!keptAt.every((one) => isWithin(one, store.losses))) return undefined
  const [loss] = store.losses.filter(({ to }) => to >= Math.max(...keptAt))
  const back = store.outages.find(({ to }) => to >= (loss?.to ?? 0)) ?? loss
  const endedAt = fleet.killedAt.get(process) ?? fleet.stoppedAt.get(process) ?? Infinity
  // A process that lives writes again what it remembers.
  return endedAt < (back?.to ?? 0) + OFFERING_MS
    ? 'Redis lost a write it had acknowledged, and its process had ended'
    : 'Redis lost a write it had acknowledged'
}

/** Why an answer was not stored in time. */
function causeOfNotStoring(
  { process, at, answeredAt = Infinity }: RefreshTokenUse,
  { fleet, store }: Facts,
): Cause {
  const stoppedAt = fleet.stoppedAt.get(process) ?? Infinity
  if (stoppedAt < answeredAt) return 'stopped with its request in flight: the time for it was up'
  if (answeredAt < Infinity && answeredAt - at > MINUTE_MS) return 'the answer took over a minute'
  const killedAt = fleet.killedAt.get(process)
  if (killedAt === undefined) return undefined
  if (killedAt - answeredAt < WRITING_MS) return 'killed with its request in flight'
  const waited = store.outages.some(
    ({ from, to }) => from <= killedAt && answeredAt <= to + OFFERING_MS,
  )
  return waited ? 'killed while the answer waited for the store' : undefined
}

/**
 * A refresh is sent only under a mark that was written less than half a lease ago. If Redis loses it, others find no mark
 * when Redis is back.
 */
function hasLostMark({ from, to }: Stretch, sentAt: number, usedAgainAt: number): boolean {
  return from <= sentAt && sentAt <= to + HALF_LEASE_MS && usedAgainAt > to
}

function isWithin(time: number, stretches: readonly Stretch[]): boolean {
  return stretches.some(({ from, to }) => from <= time && time <= to)
}

/** Whether Redis has lost a write whose success a browser saw at this time. */
function isLostWrite(seenAt: number, { losses }: DisturbedStore): boolean {
  return isWithin(
    seenAt,
    losses.map(({ from, to }) => ({ from, to: to + DELIVERY_MS })),
  )
}

/** Whether Redis has lost one of the writes of a login: the last of them may have waited until it was back. */
function isLostLogin(seenAt: number, { losses, outages }: DisturbedStore): boolean {
  return losses.some(({ from, to }) => {
    const back = outages.find((outage) => outage.to >= to)?.to ?? to
    return from <= seenAt && seenAt <= back + OFFERING_MS
  })
}

/** What a login was lost by: the reuse that made the provider end it, or Redis, which forgot that it had begun. */
export function causeOfLoss(loss: LostLogin, reuses: readonly Reuse[], facts: Facts): Cause {
  const grant = grantOf(loss, facts.provider)
  const reuse = reuses.find(({ token }) => token.grant === grant)
  if (reuse !== undefined) return reuse.cause
  const wasForgotten = isLostLogin(loss.loggedInAt, facts.store)
  return wasForgotten ? 'Redis lost a write it had acknowledged' : undefined
}

/** The grant of a login; if nothing was ever shown with it, the last one that the person had given before. */
export function grantOf({ person, grant, at }: LostLogin, { grants }: Provider): Grant | undefined {
  if (grant !== undefined) return grants.get(grant)
  return [...grants.values()].findLast((one) => one.person === person && one.createdAt <= at)
}

/** What changes of a session were undone by. */
export function causeOfUndoing({ acknowledgedAt }: LostUpdate, { store }: Facts): Cause {
  return isLostWrite(acknowledgedAt, store) ? 'Redis lost a write it had acknowledged' : undefined
}

/** A grant that lived on after a logout that was acknowledged. */
export interface Revival extends Logout {
  readonly how: string
  readonly cause: Cause
}

/** Finds the logouts after which a session was logged in again, or a grant was refreshed. */
export function findRevivals(
  logouts: readonly Logout[],
  answered: readonly Logout[],
  { provider, lifetime, store }: Facts,
): Revival[] {
  // A grant that survives logging out is refreshed afterwards: there, only the session must not come back.
  const ended = lifetime === 'login' ? logouts : []
  const refreshed = ended.filter(({ grant = '', at }) =>
    provider.grants
      .get(grant)
      ?.refreshTokens.some(({ uses }) => uses.some((use) => use.at > at + ENDED_EVERYWHERE_MS)),
  )
  const causeOf = ({ at }: Logout): Cause =>
    isLostWrite(at, store) ? 'Redis lost a write it had acknowledged' : undefined
  return [
    ...answered.map((one) => ({ ...one, how: 'the session is logged in', cause: causeOf(one) })),
    ...refreshed.map((one) => ({ ...one, how: 'the grant was refreshed', cause: causeOf(one) })),
  ]
}

/** The story of a grant, for whoever has to find out what went wrong: one line a use. */
export function storyOf(grant: Grant, { fleet, store }: Facts): string {
  const lines = grant.refreshTokens.flatMap(({ uses }, version) =>
    uses.map(({ process, at, answeredAt, isAnswerLost, accessToken }) => {
      const killedAt = fleet.killedAt.get(process)
      const stoppedAt = fleet.stoppedAt.get(process)
      const keptAt = (accessToken && fleet.keptAt.get(accessToken.name)) ?? []
      const kept = keptAt.map((one) => one - at).join(' and ')
      return [
        `  version ${version + 1} by process ${process} at ${at}`,
        accessToken === undefined ? 'refused' : 'renewed',
        isAnswerLost && 'answer lost',
        answeredAt !== undefined && `answered ${answeredAt - at} ms later`,
        accessToken && (keptAt.length > 0 ? `stored ${kept} ms later` : 'never stored'),
        killedAt !== undefined && `killed ${killedAt - at} ms later`,
        stoppedAt !== undefined && `stopped ${stoppedAt - at} ms later`,
        accessToken && `shown by ${[...accessToken.shownBy].join(' and ') || 'nobody'}`,
      ]
        .filter(Boolean)
        .join(', ')
    }),
  )
  const away = list(store.outages)
  const lost = list(store.losses)
  return [`${grant.person} (${store.name} away: ${away}; lost writes: ${lost})`, ...lines].join(
    '\n',
  )
}

function list(stretches: readonly Stretch[]): string {
  return stretches.map(({ from, to }) => `${from} to ${to}`).join(', ') || 'never'
}

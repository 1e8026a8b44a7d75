import type { LostLogin } from './browser.js'
import type { Fleet, Outage } from './processes.js'
import type { Grant, Provider, RefreshToken } from './provider.js'

/** Why a refresh token was used twice; `undefined` where nothing excuses it. */
export type Cause = string | undefined

/** A refresh token that was used twice. */
export interface Reuse {
  readonly token: RefreshToken
  readonly cause: Cause
}

/** No process takes longer from the provider's answer to the store, however busy the machine is. */
const WRITING_MS = 5_000

/** Finds the refresh tokens that were used twice, and what excuses it. */
export function findReuses(provider: Provider, fleet: Fleet, outages: readonly Outage[]): Reuse[] {
  return [...provider.grants.values()]
    .flatMap(({ refreshTokens }) => refreshTokens)
    .filter(({ uses }) => uses.length > 1)
    .map((token) => ({ token, cause: causeOf(token, fleet, outages) }))
}

/**
 * Only one thing excuses a second use: the process that got the answer to the first was killed before it was stored.
 * The provider has rotated then, and nobody else knows to what. That the process has not said that it was stored, and
 * that no other one has shown its access token, is the proof.
 */
function causeOf({ uses: [first] }: RefreshToken, fleet: Fleet, outages: readonly Outage[]): Cause {
  if (first?.accessToken === undefined) return undefined
  const { process, answeredAt, wasGone, accessToken } = first
  const killedAt = fleet.killedAt.get(process)
  if (killedAt === undefined || fleet.keptAt.has(accessToken.name)) return undefined
  if (wasGone) return killedAt <= answeredAt ? 'killed before it came' : undefined
  if ([...accessToken.shownBy].some((name) => name !== process)) return undefined
  const waited = outages.some(({ from, to }) => from <= killedAt && answeredAt <= to)
  if (waited) return 'killed while it waited for Redis'
  return killedAt - answeredAt < WRITING_MS ? 'killed before it was stored' : undefined
}

/** What a login was lost by: the reuse that made the provider end it, or nothing. */
export function causeOfLoss({ person, grant }: LostLogin, reuses: readonly Reuse[]): Cause {
  return reuses.find(
    ({ token }) =>
      token.grant.person === person && (grant === undefined || token.grant.id === grant),
  )?.cause
}

/** The story of a grant, for whoever has to find out what went wrong: one line a use. */
export function storyOf(grant: Grant, fleet: Fleet, outages: readonly Outage[]): string {
  const lines = grant.refreshTokens.flatMap(({ uses }, version) =>
    uses.map(({ process, answeredAt, wasGone, accessToken }) => {
      const killedAt = fleet.killedAt.get(process)
      return [
        `  version ${version + 1} by process ${process} at ${answeredAt}`,
        accessToken === undefined ? 'refused' : 'renewed',
        wasGone ? 'had hung up' : '',
        accessToken && (fleet.keptAt.has(accessToken.name) ? 'stored' : 'not stored'),
        killedAt === undefined ? '' : `killed ${killedAt - answeredAt} ms later`,
        accessToken && `shown by ${[...accessToken.shownBy].join(' and ') || 'nobody'}`,
      ]
        .filter(Boolean)
        .join(', ')
    }),
  )
  const away = outages.map(({ from, to }) => `${from} to ${to}`).join('; ')
  return [`${grant.person} (Redis away: ${away})`, ...lines].join('\n')
}

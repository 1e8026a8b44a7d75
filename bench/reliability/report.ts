import type { Sightings } from './browser.js'
import type { Fleet, RedisServer } from './processes.js'
import type { Provider } from './provider.js'
import { causeOfLoss, findReuses, storyOf } from './verdict.js'
import type { Reuse } from './verdict.js'

/** Everything that was seen. */
export interface Evidence {
  readonly options: object
  readonly startedAt: number
  readonly provider: Provider
  readonly redis: RedisServer
  readonly fleet: Fleet
  readonly seen: Sightings
}

/** Prints the figures; false when one that must be 0 is not. */
export function report(evidence: Evidence): boolean {
  const { provider, redis, fleet, seen } = evidence
  const reuses = findReuses(provider, fleet, redis.outages)
  const losses = seen.lostLogins.map((loss) => ({ ...loss, cause: causeOfLoss(loss, reuses) }))
  const unexcused = reuses.filter(({ cause }) => cause === undefined)
  const withoutCause = losses.filter(({ cause }) => cause === undefined)

  print('What happened', {
    ...figuresOf(evidence),
    'logins lost with cause': losses.length - withoutCause.length,
    'refresh tokens used twice with cause': reuses.length - unexcused.length,
  })
  print('Refresh tokens used twice, by what became of the first answer', countCauses(reuses))
  print('Requests, by answer (0: none)', Object.fromEntries(seen.answers))
  for (const { token } of unexcused) console.log(storyOf(token.grant, fleet, redis.outages))
  for (const loss of withoutCause) console.log('Lost without cause:', loss)

  const mustBeZero = {
    'logins lost without cause': withoutCause.length,
    'refresh tokens used twice without cause': unexcused.length,
    'browsers locked out by their session': seen.lockedOut,
    'codes sent twice': provider.counts.reusedCodes,
    'answers with somebody else’s token or session': seen.mixedUp,
    'processes that ended by themselves': fleet.crashes,
    'changes of the application undone': seen.lostUpdates,
  }
  print('Must be 0', mustBeZero)
  return Object.values(mustBeZero).every((figure) => figure === 0)
}

function figuresOf({ options, startedAt, provider, redis, fleet, seen }: Evidence) {
  const { counts } = provider
  const answered = countAnswers(seen.answers)
  const within = (share: number): string => `${share * 100} % in ${times(seen, share)} ms`
  return {
    options: JSON.stringify(options),
    seconds: Math.round((Date.now() - startedAt) / 1000),
    'processes killed': fleet.killedAt.size,
    'processes stopped by SIGTERM': fleet.deploys,
    'Redis restarts': redis.outages.length,
    'token requests': `${counts.tokenRequests}, of which the provider failed ${counts.failures}`,
    logins: `${seen.logins}, in ${seen.loginAttempts} attempts`,
    refreshes: counts.refreshes,
    'requests answered 200': answered('200'),
    'requests answered 401': answered('401'),
    'requests answered 5xx': answered('5'),
    'requests broken off by a kill': answered('0'),
    'connections refused, next process asked': seen.refusedConnections,
    'requests answered': [0.5, 0.99, 1].map(within).join(', '),
    'session updates acknowledged': seen.updates,
  }
}

/** How many requests ended in a way that begins so. */
function countAnswers(answers: ReadonlyMap<string, number>): (start: string) => number {
  return (start) =>
    [...answers]
      .filter(([outcome]) => outcome.startsWith(start))
      .reduce((total, [, count]) => total + count, 0)
}

/** In what time this share of the requests was answered, in milliseconds. */
function times({ answeredInMs }: Sightings, share: number): number {
  const sorted = answeredInMs.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? 0
}

function countCauses(reuses: readonly Reuse[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { cause = 'none' } of reuses) counts[cause] = (counts[cause] ?? 0) + 1
  return counts
}

function print(title: string, figures: Readonly<Record<string, string | number>>): void {
  console.log(`\n${title}:`)
  for (const [name, figure] of Object.entries(figures))
    console.log(`  ${name.padEnd(46)} ${figure}`)
}

import type { Sightings } from './browser.js'
import {
  causeOfLoss,
  causeOfUndoing,
  findReuses,
  findRevivals,
  grantOf,
  storyOf,
} from './verdict.js'
import type { Cause, Facts } from './verdict.js'

/** Everything that was seen. */
export interface Evidence extends Facts {
  readonly options: object
  readonly startedAt: number
  readonly seen: Sightings
}

/** Prints the figures; false when one that must be 0 is not. */
export function report(evidence: Evidence): boolean {
  const { provider, fleet, seen } = evidence
  const reuses = findReuses(evidence)
  const losses = seen.lostLogins.map((loss) => ({
    ...loss,
    cause: causeOfLoss(loss, reuses, evidence),
  }))
  const lostJobs = seen.lostJobs.map((loss) => ({
    ...loss,
    cause: causeOfLoss(loss, reuses, evidence),
  }))
  const undone = seen.lostUpdates.map((one) => ({
    ...one,
    cause: causeOfUndoing(one, evidence),
  }))
  const revivals = findRevivals(seen.logouts, seen.revivals, evidence)

  print('What happened', figuresOf(evidence))
  print('How the provider failed', Object.fromEntries(provider.faults))
  print('Requests, by answer (0: none)', sorted(seen.answers))
  print('Jobs, by answer (0: none)', sorted(seen.jobs))
  print('Diagnostics', sorted(fleet.steps))
  print('Logins lost, by cause', countCauses(losses))
  print('Jobs of people who were logged in, told to log in, by cause', countCauses(lostJobs))
  print('Refresh tokens used twice, by cause', countCauses(reuses))
  print('Grants revived, by cause', countCauses(revivals))
  print('Changes of the application undone, by cause', countCauses(undone))

  const isOdd = ({ cause }: { cause: Cause }): boolean =>
    cause === undefined || cause === 'Redis lost a write it had acknowledged'
  for (const { token } of reuses.filter(isOdd)) console.log(storyOf(token.grant, evidence))
  for (const loss of [...withoutCause(losses), ...withoutCause(lostJobs)]) {
    console.log('Lost without cause:', loss)
    const grant = grantOf(loss, provider)
    if (grant !== undefined) console.log(storyOf(grant, evidence))
  }
  for (const one of withoutCause(revivals)) {
    console.log('Revived without cause:', one)
    const grant = provider.grants.get(one.grant ?? '')
    if (grant !== undefined) console.log(storyOf(grant, evidence))
  }
  for (const one of withoutCause(undone)) console.log('Undone without cause:', one)

  const mustBeZero = {
    'logins lost without cause': withoutCause(losses).length,
    'jobs told to log in without cause': withoutCause(lostJobs).length,
    'refresh tokens used twice without cause': withoutCause(reuses).length,
    'grants revived without cause': withoutCause(revivals).length,
    'changes of the application undone without cause': withoutCause(undone).length,
    'refreshes that a graceful stop left unfinished': fleet.unfinished,
    'browsers locked out by their session': seen.lockedOut,
    'codes sent twice': provider.counts.reusedCodes,
    'answers with somebody else’s token or session': seen.mixedUp,
    'processes that ended by themselves': fleet.crashes,
  }
  print('Must be 0', mustBeZero)
  return Object.values(mustBeZero).every((figure) => figure === 0)
}

function figuresOf({ options, startedAt, provider, store, fleet, seen }: Evidence) {
  const { counts } = provider
  const answered = countAnswers(seen.answers)
  const failures = [...provider.faults.values()].reduce((sum, count) => sum + count, 0)
  const within = (share: number): string => `${share * 100} % in ${times(seen, share)} ms`
  return {
    options: JSON.stringify(options),
    seconds: Math.round((Date.now() - startedAt) / 1000),
    'processes killed': fleet.killedAt.size,
    'processes stopped gracefully': fleet.stoppedAt.size,
    [`${store.name} restarts`]: store.outages.length - store.losses.length,
    'failovers that lose writes': store.losses.length,
    'token requests': `${counts.tokenRequests}, of which the provider failed ${failures}`,
    logins: `${seen.logins}, in ${seen.loginAttempts} attempts`,
    logouts: seen.logouts.length,
    refreshes: counts.refreshes,
    'requests answered 200': answered('200'),
    'requests answered 401': answered('401'),
    'requests answered 5xx': answered('5'),
    'requests broken off': answered('0'),
    'connections refused, next process asked': seen.refusedConnections,
    'requests answered': [0.5, 0.99, 1].map(within).join(', '),
    'jobs answered 200': countAnswers(seen.jobs)('200'),
    'jobs answered 5xx': countAnswers(seen.jobs)('5'),
    'session updates acknowledged': seen.updates,
  }
}

function withoutCause<Item extends { readonly cause: Cause }>(items: readonly Item[]): Item[] {
  return items.filter(({ cause }) => cause === undefined)
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
  const ordered = answeredInMs.toSorted((a, b) => a - b)
  return ordered[Math.ceil(ordered.length * share) - 1] ?? 0
}

function countCauses(
  items: readonly { readonly cause: Cause }[],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { cause = 'WITHOUT CAUSE' } of items) counts[cause] = (counts[cause] ?? 0) + 1
  return counts
}

function sorted(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function print(title: string, figures: Readonly<Record<string, string | number>>): void {
  console.log(`\n${title}:`)
  const entries = Object.entries(figures)
  if (entries.length === 0) console.log('  none')
  for (const [name, figure] of entries) console.log(`  ${name.padEnd(50)} ${figure}`)
}

import { ConfigurationError } from '../errors/errors.js'
import { within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import { createSingleFlight } from '../lib/single-flight.js'
import { reinstate, retire } from './retirement.js'
import type { MadeStrategy, TenantMaker, TenantStrategy } from './tenant-strategy.js'

/** A tenant's strategy that is kept. All times are monotonic. */
interface Kept<Strategy extends TenantStrategy> {
  made: MadeStrategy<Strategy>
  madeAt: number
  usedAt: number
  /** When it is asked whether the settings have changed. */
  checkAt: number
}

/** What {@link createKeptStrategies} needs. */
export interface KeepingParts<Strategy extends TenantStrategy> extends TenantMaker<Strategy> {
  readonly checkAfterMs: number
  readonly idleMs: number
  readonly maximum: number
  readonly onCheckFailed: ((error: unknown, tenant: string) => unknown) | undefined
  readonly clock: Clock
  /** Whether several may have one callback URL, because they tell by the `state` whose callback it is. @default false */
  readonly shareCallbackURL?: boolean
}

/** The strategies of tenants, as long as they are used. */
export interface KeptStrategies<Strategy> {
  /** @throws what making the strategy throws, if there is none yet */
  readonly forTenant: (tenant: string) => Promise<Strategy | undefined>
  /** Forgets one that was made longer ago than so many **milliseconds**: the next use makes it anew. */
  readonly drop: (tenant: string, olderThanMs: number) => void
  readonly idle: (timeoutMs: number) => Promise<number>
  readonly size: () => number
}

/** The longest name of a tenant, in characters. It is a part of names in sessions and stores. */
const MAXIMUM_LENGTH = 200

/** What no name in a URL or a store can have. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** How long a request waits for the answer whether the settings have changed, in **milliseconds**. */
const CHECK_WAIT_MS = 1_000

/** When it is asked again after a failure, in **milliseconds**, if `checkAfterMs` is not shorter. */
const CHECK_PAUSE_MS = 10_000

/** How often it is looked for strategies that nobody uses any more, in **milliseconds**. */
const SWEEP_PAUSE_MS = 1_000

/**
 * Creates {@link KeptStrategies}. There is no timer: each use looks for what others have left, and without any use, nothing
 * grows.
 */
export function createKeptStrategies<Strategy extends TenantStrategy>(
  parts: KeepingParts<Strategy>,
): KeptStrategies<Strategy> {
  const { make, checkAfterMs, idleMs, maximum, onCheckFailed, clock } = parts
  const { shareCallbackURL = false } = parts
  /** The one that was not used for the longest time first. */
  const kept = new Map<string, Kept<Strategy>>()
  const tenantOfCallback = new Map<string, string>()
  /** Those that another one has replaced while something was under way. */
  const leaving = new Set<Strategy>()
  const share = createSingleFlight<Kept<Strategy> | undefined>()
  let isSweeping = false
  let sweepAt = 0

  function use(tenant: string, one: Kept<Strategy>): void {
    one.usedAt = clock.monotonic()
    kept.delete(tenant)
    kept.set(tenant, one)
  }

  function drop(tenant: string): void {
    const one = kept.get(tenant)
    if (one === undefined) return
    kept.delete(tenant)
    leave(one.made.strategy)
  }

  function leave(strategy: Strategy): void {
    tenantOfCallback.delete(strategy.callbackURL)
    retire(strategy)
    leaving.add(strategy)
  }

  function keep(tenant: string, made: MadeStrategy<Strategy>): Kept<Strategy> {
    const { callbackURL } = made.strategy
    const present = kept.get(tenant)
    const other = tenantOfCallback.get(callbackURL) ?? tenant
    if (other !== tenant && !shareCallbackURL) {
      retire(made.strategy)
      if (present !== undefined) reinstate(present.made.strategy)
      throw new ConfigurationError(
        `Two tenants have the callbackURL ${callbackURL}: give each its own. Otherwise, the provider of one could have its codes sent to the other.`,
        'callbackURL',
      )
    }
    if (present !== undefined && present.made !== made) leave(present.made.strategy)
    // It may have been dropped while it was asked whether its settings have changed.
    leaving.delete(made.strategy)
    reinstate(made.strategy)
    tenantOfCallback.set(callbackURL, tenant)
    const now = clock.monotonic()
    const one = present ?? { made, madeAt: now, usedAt: now, checkAt: now }
    if (one.made !== made) one.madeAt = now
    one.made = made
    one.checkAt = now + checkAfterMs
    kept.set(tenant, one)
    void sweep()
    return one
  }

  /** Asks whether the tenant's settings have changed. */
  async function check(tenant: string): Promise<Kept<Strategy> | undefined> {
    try {
      const made = await make(tenant, kept.get(tenant)?.made)
      if (made !== undefined) return keep(tenant, made)
      drop(tenant)
      return undefined
    } catch (error) {
      const present = kept.get(tenant)
      if (present === undefined) throw error
      pause(present)
      report(error, tenant)
      return present
    }
  }

  /** The present strategy goes on for a while. */
  function pause(one: Kept<Strategy>): void {
    one.checkAt = clock.monotonic() + Math.min(checkAfterMs, CHECK_PAUSE_MS)
  }

  function report(error: unknown, tenant: string): void {
    Promise.resolve()
      .then(() => onCheckFailed?.(error, tenant))
      .catch(() => undefined)
  }

  function isSweepDue(): boolean {
    const [oldest] = kept.values()
    const now = clock.monotonic()
    const isOver = oldest !== undefined && now - oldest.usedAt >= idleMs
    return (isOver || leaving.size > 0) && now >= sweepAt
  }

  /** Drops what nobody uses any more, and what is too much. What is renewing a token stays. */
  async function sweep(): Promise<void> {
    if (isSweeping) return
    isSweeping = true
    sweepAt = clock.monotonic() + SWEEP_PAUSE_MS
    try {
      for (const strategy of leaving) if (!(await isBusy(strategy))) leaving.delete(strategy)
      for (const [tenant, one] of kept) {
        const { usedAt } = one
        if (clock.monotonic() - usedAt < idleMs && kept.size <= maximum) return
        const busy = await isBusy(one.made.strategy)
        if (!busy && kept.get(tenant) === one && one.usedAt === usedAt) {
          drop(tenant)
          leaving.delete(one.made.strategy)
        }
      }
    } finally {
      isSweeping = false
    }
  }

  return {
    size: () => kept.size,

    drop(tenant, olderThanMs) {
      const one = kept.get(tenant)
      if (one !== undefined && clock.monotonic() - one.madeAt > olderThanMs) drop(tenant)
    },

    async forTenant(tenant) {
      // Strangers make up names: nothing is remembered of those that do not exist.
      if (tenant === '' || tenant.length > MAXIMUM_LENGTH || LONE_SURROGATE.test(tenant)) {
        return undefined
      }
      const present = kept.get(tenant)
      if (present !== undefined) use(tenant, present)
      if (isSweepDue()) void sweep()
      if (present !== undefined && clock.monotonic() < present.checkAt) return present.made.strategy
      const checked = share(tenant, () => check(tenant))
      if (present === undefined) return (await checked)?.made.strategy
      const found = await within(clock, CHECK_WAIT_MS, checked, () => {
        pause(present)
        return present
      })
      return found?.made.strategy
    },

    async idle(timeoutMs) {
      const all = new Set([...[...kept.values()].map(({ made }) => made.strategy), ...leaving])
      const busy = await Promise.all([...all].map((one) => one.idle({ timeoutMs })))
      return busy.reduce((sum, one) => sum + one, 0)
    },
  }
}

async function isBusy(strategy: TenantStrategy): Promise<boolean> {
  return (await strategy.idle({ timeoutMs: 0 })) > 0
}

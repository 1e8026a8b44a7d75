import { managerOf, managerOn } from './registered-strategies.js'
import type { PassportInstance } from './registered-strategies.js'

/** What tells providers apart that have one name. */
export interface NamedProvider {
  readonly name: string
  readonly authorizationURL: string
  readonly tokenURL: string
}

/** A strategy that has started or finished a login. */
interface StrategyInUse {
  readonly provider: NamedProvider
  /** Held weakly: an application may create and drop a strategy for each of its tenants. */
  readonly strategy: WeakRef<object>
  /** Whether Passport knew it by a name then. */
  readonly wasRegistered: boolean
}

type ByName = Map<string, StrategyInUse>

/** The strategies in use, for each Passport instance, of which each has users of its own. */
const inUse = new WeakMap<object, ByName>()

/** Removes what is left of a strategy that the application has dropped. */
const dropped = new FinalizationRegistry<{ readonly all: ByName; readonly name: string }>(
  ({ all, name }) => {
    if (all.get(name)?.strategy.deref() === undefined) all.delete(name)
  },
)

/** The strategies that the application has dropped, and that are not collected yet. */
const retired = new WeakSet()

/** Notes that the application has dropped a strategy: its name is free at once. @param isRetired `false` takes it back */
export function noteRetired(strategy: object, isRetired = true): void {
  if (isRetired) retired.add(strategy)
  else retired.delete(strategy)
}

/** Whether a request goes through this Passport. */
export function usesPassport(request: object, instance: PassportInstance): boolean {
  return managerFor(request) === managerOf(instance)
}

function managerFor(request: object): object {
  return managerOn(request) ?? managerOf()
}

/**
 * Notes that a strategy is used for a login, unless another provider's strategy of the same name is in use in the same
 * Passport. One that Passport has known and forgotten, such as after `passport.unuse`, is not in use any more.
 *
 * @param strategy what lives as long as the strategy does
 * @param isRegistered whether Passport knows a strategy by a name
 * @returns the other one's provider, if there is one
 */
export function noteUse(
  provider: NamedProvider,
  strategy: object,
  request: object,
  isRegistered: (strategy: object) => boolean,
): NamedProvider | undefined {
  const manager = managerFor(request)
  const all: ByName = inUse.get(manager) ?? new Map<string, StrategyInUse>()
  inUse.set(manager, all)
  const { name } = provider
  const present = all.get(name)
  const other = present?.strategy.deref()
  if (present !== undefined && other !== undefined) {
    if (other === strategy) return undefined
    const isOver = retired.has(other) || (present.wasRegistered && !isRegistered(other))
    if (!isOver && !isSameProvider(present.provider, provider)) return present.provider
  }
  const wasRegistered = isRegistered(strategy)
  all.set(name, { provider, strategy: new WeakRef(strategy), wasRegistered })
  dropped.register(strategy, { all, name })
  return undefined
}

/** Whether two strategies of one name have the same provider. */
export function isSameProvider(one: NamedProvider, other: NamedProvider): boolean {
  return one.authorizationURL === other.authorizationURL && one.tokenURL === other.tokenURL
}

import type { Listing } from '../grants/strategy-jobs.js'
import { noteRetired } from './strategies-in-use.js'

/** What keeps the name of a strategy. */
interface Named {
  readonly listing: Listing
}

const named = new WeakMap<object, Named>()

/** @param useCases what lives as long as the strategy does */
export function makeRetirable(strategy: object, useCases: Named): void {
  named.set(strategy, useCases)
}

/**
 * Drops a strategy whose place another one takes, before it is collected: its name is free, and another provider's strategy
 * may have it. What is under way goes on. One of another copy of this package keeps its name until it is collected.
 */
export function retire(strategy: object): void {
  const useCases = named.get(strategy)
  if (useCases === undefined) return
  noteRetired(useCases)
  useCases.listing.remove()
}

/** Takes a strategy back that was dropped. */
export function reinstate(strategy: object): void {
  const useCases = named.get(strategy)
  if (useCases === undefined) return
  noteRetired(useCases, false)
  useCases.listing.add()
}

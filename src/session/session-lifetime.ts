import type { LoginSession } from '../lib/login-request.js'

/** How long a grant lives at least that is not used, in **milliseconds**: two weeks. */
export const SHORTEST_LIFE_MS = 14 * 24 * 60 * 60 * 1000

/**
 * As long as the session could live if the next request comes just before it ends, and the one before came just before
 * the grant would have been prolonged.
 */
export function lifetimeOfSession({ cookie }: LoginSession): number {
  const { originalMaxAge } = cookie as { readonly originalMaxAge?: unknown }
  const maxAgeMs = typeof originalMaxAge === 'number' ? originalMaxAge : 0
  return Math.max(SHORTEST_LIFE_MS, 2 * maxAgeMs)
}

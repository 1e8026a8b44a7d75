import type { LoginSession } from '../lib/login-request.js'

/** How long a grant lives at least that is not used, in **milliseconds**: two weeks. */
export const SHORTEST_LIFE_MS = 14 * 24 * 60 * 60 * 1000

/**
 * As long as the session could live if the next request comes just before it ends, and the one before came just before
 * the grant would have been prolonged.
 */
export function lifetimeOfSession(session: LoginSession | undefined): number {
  const maxAge = session === undefined ? undefined : maxAgeOf(session)
  return Math.max(SHORTEST_LIFE_MS, 2 * (maxAge ?? 0))
}

/** How long the session lives after a request, in **milliseconds**; `undefined` if it lives as long as the browser. */
export function maxAgeOf({ cookie }: LoginSession): number | undefined {
  const { originalMaxAge } = cookie as { readonly originalMaxAge?: unknown }
  return typeof originalMaxAge === 'number' ? originalMaxAge : undefined
}

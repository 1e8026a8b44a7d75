/**
 * The headers of all responses that carry codes, tokens or states, or follow a request that does: nobody keeps them, and
 * the next page does not learn the address.
 */
export const UNCACHED = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' } as const

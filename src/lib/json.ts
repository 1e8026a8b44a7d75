/** Whether a parsed JSON value is an object, and not an array or `null`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How many levels deep a value may be nested that goes into a session. */
export const MAXIMUM_DEPTH = 100

/**
 * Whether a value is nested deeper than `levels`. `JSON.parse` reads any depth, but `JSON.stringify` is recursive
 * and overflows the stack, so that a session with such a value could not be stored.
 */
export function isTooDeep(value: unknown, levels = MAXIMUM_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((one) => isTooDeep(one, levels - 1))
}

/** Whether this is a JSON object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How deep what is kept in a session may be nested. */
export const MAXIMUM_DEPTH = 100

/** Whether a value is nested too deep for a session: what is parsed without a stack is written with one. */
export function isTooDeep(value: unknown, levels = MAXIMUM_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((one) => isTooDeep(one, levels - 1))
}

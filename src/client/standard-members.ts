/**
 * The members of a token response as RFC 6749 writes them. Real servers also send
 *
 * - `null` or `""` for what they leave out, such as `"refresh_token": ""`
 * - `scope` as a list (Twitch)
 * - `expires_in` as a text, `3600` or `3600s`, or as a date
 *
 * A lifetime that cannot be understood, a negative one included, counts as left out: the token is used until it is
 * refused.
 *
 * @param now in **milliseconds since the epoch**: an `expires_in` that is a date counts from then
 * @see [RFC 6749, section 5.1 - Successful Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.1)
 */
export function standardMembers(
  sent: Readonly<Record<string, unknown>>,
  now = Date.now(),
): Record<string, unknown> {
  const { scope, expires_in: lifetime, ...rest } = sent
  return withoutEmpty({ ...rest, scope: joined(scope), expires_in: lifetimeSeconds(lifetime, now) })
}

/** Leaves out what counts as absent, and `__proto__`, which would become the prototype of a copy that is made carelessly. */
function withoutEmpty(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(members).filter(
      ([name, value]) =>
        value !== undefined && value !== null && value !== '' && name !== '__proto__',
    ),
  )
}

function joined(scope: unknown): unknown {
  const isList = Array.isArray(scope) && scope.every((one) => typeof one === 'string')
  return isList ? scope.join(' ') : scope
}

const SECONDS = /^\s*(\d{1,15}(?:\.\d{1,9})?)\s*s?\s*$/
const DATE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/

function lifetimeSeconds(value: unknown, now: number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const [, seconds] = SECONDS.exec(value) ?? []
  if (seconds !== undefined) return Number(seconds)
  const until = DATE.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(until) ? undefined : Math.max(0, Math.floor((until - now) / 1000))
}

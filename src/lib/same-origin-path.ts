/**
 * The longest path that is carried through a login, in characters. After a longer one, the person gets to the default page.
 */
const MAXIMUM_LENGTH = 2048

/**
 * A base for relative URLs. Only comparing origins matters, and `.invalid` is never a real site (RFC 2606).
 */
const HERE = 'https://here.invalid'

/**
 * Returns the path to go back to after a login if `value` is one on this origin, or else `undefined`.
 *
 * A valid path has at most 2048 characters and may have a query and a fragment: `/cart?step=2#total`. It is
 * returned as a browser resolves it. Everything that a browser could take for another origin is refused:
 * `//host`, `/\host`, `https:`, control characters, and paths that become one of these once their dots are resolved.
 *
 * @see [RFC 9700, section 4.11 - Open Redirection](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.11)
 */
export function sameOriginPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAXIMUM_LENGTH || !value.startsWith('/')) {
    return undefined
  }
  if (!URL.canParse(value, HERE)) return undefined
  const { origin, pathname, search, hash } = new URL(value, HERE)
  // `/.//host` has this origin, but its resolved path is `//host`, which is another origin.
  if (origin !== HERE || pathname.startsWith('//')) return undefined
  const path = pathname + search + hash
  // Percent-encoding can have made it longer than `value`.
  return path.length > MAXIMUM_LENGTH ? undefined : path
}

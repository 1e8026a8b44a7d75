/** Longer paths are not carried through a login; the person lands on the default page instead. */
const MAXIMUM_LENGTH = 2048

/** Only its origin matters, and no real site can have it. */
const HERE = 'https://here.invalid'

/**
 * The path to come back to after login, if `value` is one on this very origin; else `undefined`.
 *
 * Accepts a path with optional query and fragment (`/cart?step=2#total`), at most 2048 characters, and
 * returns it as a browser would read it. Everything that a browser could take for another origin is
 * refused: `//host`, `/\host`, `https:`, control characters, and paths that turn into one of these
 * once their dots are resolved.
 *
 * @see [RFC 9700, section 4.11 - Open Redirection](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.11)
 */
export function sameOriginPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAXIMUM_LENGTH || !value.startsWith('/')) {
    return undefined
  }
  if (!URL.canParse(value, HERE)) return undefined
  const { origin, pathname, search, hash } = new URL(value, HERE)
  // `/.//host` has our origin, yet its resolved path reads as a host when it stands alone.
  if (origin !== HERE || pathname.startsWith('//')) return undefined
  const path = pathname + search + hash
  // Percent-encoding makes it longer than it came.
  return path.length > MAXIMUM_LENGTH ? undefined : path
}

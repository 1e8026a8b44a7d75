/** The characters of a scope. */
const NAME = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/

/** How many scopes a server may ask for. */
const MAXIMUM_NAMES = 50

/**
 * The scopes in what a server has written. What cannot be a scope is left out.
 *
 * @see [RFC 6749, section 3.3 - Access Token Scope](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.3)
 */
export function scopeNames(written: string | readonly unknown[]): readonly string[] {
  const all: readonly unknown[] = typeof written === 'string' ? written.split(' ') : written
  const names = all.filter((one): one is string => typeof one === 'string' && NAME.test(one))
  return [...new Set(names)].slice(0, MAXIMUM_NAMES)
}

/** All of both, each once. */
export function unionOf(...lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  return scopeNames(lists.flatMap((one) => one ?? []))
}

import type { JSONWebKeySet } from 'jose'

/** Keys of the client of which the provider has to know the public halves. */
export interface PublishedKeys {
  /**
   * The public halves of all keys.
   *
   * @throws {ConfigurationError} if a key is not extractable
   * @see [RFC 7517, section 5 - JWK Set Format](https://www.rfc-editor.org/rfc/rfc7517.html#section-5)
   */
  publicKeys(): Promise<JSONWebKeySet>
}

/** The public keys of all these in one set; `undefined` if there are none. */
export function joinedKeySets(
  sources: readonly (PublishedKeys | undefined)[],
): (() => Promise<JSONWebKeySet>) | undefined {
  const given = sources.filter((one) => one !== undefined)
  if (given.length === 0) return undefined
  return async () => {
    const sets = await Promise.all(given.map((one) => one.publicKeys()))
    return { keys: sets.flatMap(({ keys }) => keys) }
  }
}

/**
 * The name of a provider that is known by its address, so that two servers of one kind are never confused: `keycloak`
 * and `https://login.example.com/realms/staff` make `keycloak-login.example.com_realms_staff`.
 *
 * It is the kind, the host, the port if it is not the default one, and the path, whose slashes become `_`. It consists of
 * letters, digits, `.`, `-`, `_` and `%`, and two addresses never have the same name: any other character, and a `_` of
 * the path, is percent-encoded. User name, password, query and fragment of the address are not part of it.
 *
 * @param kind the name of the preset; `undefined` makes a name of the address alone
 * @param address an absolute URL
 */
export function nameByAddress(kind: string | undefined, address: string): string {
  const { hostname, port, pathname } = new URL(address)
  const host = port === '' ? encoded(hostname) : `${encoded(hostname)}-${port}`
  const path = pathname.replace(/\/+$/, '').split('/').map(encoded).join('_')
  return [...(kind === undefined ? [] : [kind]), host + path].join('-')
}

/** Percent-encodes all characters but letters, digits, `.`, `-` and `%`, which a URL has in encoded characters only. */
function encoded(part: string): string {
  return part.replaceAll(
    /[^\w.%-]|_/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

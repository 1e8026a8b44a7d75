import { ConfigurationError } from '../errors/setup-errors.js'

/**
 * The paths of metadata. OpenID Connect appends its path to the issuer's; RFC 8414 puts its path in front of it.
 */
const WELL_KNOWN = /\/\.well-known\/(openid-configuration|oauth-authorization-server)(?=\/|$)/

/** A part that is to be replaced, as in `https://login.microsoftonline.com/{tenantid}/v2.0`. */
export const PLACEHOLDER = /\{[^{}]*\}/

/**
 * Refuses addresses that look like an issuer identifier and are none: that of the metadata, and a template.
 *
 * @throws {ConfigurationError} that says what to write
 */
export function refuseOtherAddress(url: URL, name: string): void {
  if (WELL_KNOWN.test(url.pathname)) {
    const meant = url.origin + url.pathname.replace(WELL_KNOWN, '').replace(/\/$/, '')
    throw new ConfigurationError(
      `The ${name} is the address without the path of its metadata. Write '${meant}'.`,
      name,
    )
  }
  const [placeholder] = PLACEHOLDER.exec(decoded(url.href)) ?? []
  if (placeholder !== undefined) {
    throw new ConfigurationError(
      `The ${name} has a placeholder. Replace ${placeholder} by your own value, such as the id of your tenant.`,
      name,
    )
  }
}

function decoded(url: string): string {
  return url.replaceAll(/%7B/gi, '{').replaceAll(/%7D/gi, '}')
}

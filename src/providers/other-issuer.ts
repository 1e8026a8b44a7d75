import { isObject } from '../client/answer.js'
import { DiscoveryError } from '../errors/provider-errors.js'
import { providerText } from '../lib/provider-text.js'
import { isSecure } from '../lib/secure-url.js'
import { PLACEHOLDER } from '../options/issuer-address.js'

/**
 * The error about metadata that names another issuer than the one it was read for: it has both values, and says what to
 * write. `undefined` if the metadata names no issuer, or the right one.
 *
 * @see [RFC 8414, section 3.3 - Authorization Server Metadata Validation](https://www.rfc-editor.org/rfc/rfc8414.html#section-3.3)
 */
export function otherIssuer(issuer: URL, metadata: unknown): DiscoveryError | undefined {
  const named = isObject(metadata) ? providerText(metadata['issuer'], []) : undefined
  if (named === undefined || (URL.canParse(named) && new URL(named).href === issuer.href)) {
    return undefined
  }
  const read = withoutSlash(issuer)
  return new DiscoveryError(
    `The provider's metadata is not valid: it was read for the issuer '${read}', and names the issuer '${named}'.`,
    // `readMetadata` has already thrown for every other status.
    { phase: 'discovery', httpStatus: 200, advice: adviceFor(issuer, named) },
  )
}

function adviceFor(issuer: URL, named: string): string {
  if (PLACEHOLDER.test(named)) {
    const [, word = ''] = /^\/([^/]+)/.exec(issuer.pathname) ?? []
    return `Each tenant has an issuer of its own. Write the id of yours instead of '${word}': '${named.replace(PLACEHOLDER, '<tenant id>')}'. For the people of several tenants at Microsoft, use microsoft('${word}') instead of discover.`
  }
  if (issuer.hostname === 'login.microsoftonline.com' && !/\/v2\.0\/?$/.test(issuer.pathname)) {
    return `Write '${withoutSlash(issuer)}/v2.0': without it, this is the older version of Microsoft's endpoints.`
  }
  return URL.canParse(named) && isSecure(new URL(named))
    ? `If this is the provider you mean, write '${named}'. Otherwise, do not use it: it could be somebody else's.`
    : 'The provider has to correct its metadata: an issuer is an HTTPS URL.'
}

function withoutSlash({ href }: URL): string {
  return href.replace(/\/$/, '')
}

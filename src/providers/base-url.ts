import { ConfigurationError } from '../errors/errors.js'
import { isSecure } from '../lib/secure-url.js'
import { refuseOtherAddress } from '../options/issuer-address.js'
import { plainHttpHosts } from '../options/readers.js'

/** The options of presets for providers that anybody can run. */
export interface BaseUrlOptions {
  /** As the strategy's option of this name, which it becomes. */
  readonly dangerouslyAllowHttp?: readonly string[] | undefined
}

/**
 * Checks the URL that a provider's endpoints are under, and removes slashes from its end so that a path can be
 * appended.
 *
 * @throws {ConfigurationError} if it is missing, not an HTTPS URL, or the address of metadata; plain HTTP is accepted on loopback addresses
 */
export function baseUrl(
  given: string | undefined,
  { dangerouslyAllowHttp = [] }: BaseUrlOptions = {},
): string {
  const hosts = plainHttpHosts(dangerouslyAllowHttp, 'dangerouslyAllowHttp')
  if (given === undefined || !URL.canParse(given) || !isSecure(new URL(given), hosts)) {
    throw new ConfigurationError('The issuer must be an HTTPS URL.', 'issuer')
  }
  refuseOtherAddress(new URL(given), 'issuer')
  return given.replace(/\/+$/, '')
}

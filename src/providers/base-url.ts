import { ConfigurationError } from '../errors/errors.js'
import { isSecure } from '../lib/secure-url.js'

/**
 * The address that a provider's endpoints are under: a URL without a slash at its end.
 *
 * @throws {ConfigurationError} when it is not an HTTPS URL
 */
export function baseUrl(given: string | undefined): string {
  if (given === undefined || !URL.canParse(given) || !isSecure(new URL(given))) {
    throw new ConfigurationError('The issuer must be an HTTPS URL.', 'issuer')
  }
  return given.replace(/\/+$/, '')
}

import { isLoopback } from './loopback.js'

/**
 * Whether requests to `url` cannot be read on the network: it is HTTPS, or plain HTTP to this machine. Or whether the operator
 * does not mind.
 *
 * @param plainHttpHosts the hosts, in lower case and with their ports, of which plain HTTP is allowed
 *
 * @see [RFC 6749, section 3.1 - Authorization Endpoint](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1)
 */
export function isSecure(url: URL, plainHttpHosts: readonly string[] = []): boolean {
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && (isLoopback(url.hostname) || plainHttpHosts.includes(url.host))
}

import { isLoopback } from './loopback.js'

/**
 * Whether requests to `url` cannot be read on the network: it is HTTPS, or plain HTTP to this machine.
 *
 * @see [RFC 6749, section 3.1 - Authorization Endpoint](https://www.rfc-editor.org/rfc/rfc6749.html#section-3.1)
 */
export function isSecure(url: URL): boolean {
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && isLoopback(url.hostname)
}

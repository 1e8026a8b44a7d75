import { ConfigurationError } from '../errors/setup-errors.js'
import { isLoopback } from '../lib/loopback.js'
import { shortDigest } from '../lib/short-digest.js'

/** The addresses of this application's routes, and which of them an authorization server gets. */
export interface CallbackURLs {
  /** The callback that servers share whose client was registered beforehand. */
  readonly shared: string
  /** The callback of one server: no other server can send its code there. */
  readonly ofServer: (issuer: string) => string
  /** What identifies a server in its addresses. */
  readonly idOf: (issuer: string) => string
  /** The address of this application's metadata document for a server; `undefined` if no server could read it. */
  readonly documentOf: (issuer: string) => string | undefined
  /** The callback of a server, and its document, by what identifies the server. */
  readonly ofId: (id: string) => { readonly callback: string; readonly document: string }
  /** Where a person connects a resource. */
  readonly connect: (address: string) => string
}

const ENDING = '/callback'

/**
 * The addresses that belong to `callbackURL`.
 *
 * @throws {ConfigurationError} if it does not end as the route of the router does
 * @see [RFC 9700, section 4.4.2.2 - Distinct Redirect URIs](https://www.rfc-editor.org/rfc/rfc9700.html#section-4.4.2.2)
 */
export function callbackURLsOf(callbackURL: string): CallbackURLs {
  const { pathname, search, protocol, hostname } = new URL(callbackURL)
  if (!pathname.endsWith(ENDING) || search !== '') {
    throw new ConfigurationError(
      `callbackURL must end with ${ENDING}, the route of connections.router: mount the router where it leads.`,
      'callbackURL',
    )
  }
  const base = callbackURL.slice(0, -ENDING.length)
  const ofId: CallbackURLs['ofId'] = (id) => ({
    callback: `${callbackURL}/${id}`,
    document: `${base}/client/${id}`,
  })
  // Authorization servers read the document over the internet.
  const isReachable = protocol === 'https:' && !isLoopback(hostname)
  return {
    shared: callbackURL,
    idOf: shortDigest,
    ofId,
    ofServer: (issuer) => ofId(shortDigest(issuer)).callback,
    documentOf: (issuer) => (isReachable ? ofId(shortDigest(issuer)).document : undefined),
    connect: (address) => `${base}/login?${new URLSearchParams({ resource: address }).toString()}`,
  }
}

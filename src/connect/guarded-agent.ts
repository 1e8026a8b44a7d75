import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
// Not 'undici': see client/agents.ts.
import { Agent, buildConnector } from 'undici/index.js'
import type { Dispatcher } from 'undici'
import { TransportError } from '../client/transport-error.js'
import { isAddress, isPublicAddress } from './public-address.js'

/** How long a connection is kept that nobody uses, whatever its server asks for, in **milliseconds**: there may be many servers. */
const KEPT_MS = 4_000

/** How long it may take to connect, in **milliseconds**. */
const CONNECT_TIMEOUT_MS = 5_000

/**
 * An agent that connects to public addresses only, for hosts that people have entered and that strangers' metadata name. The
 * address is checked that the connection is made to, so that a name which has another address at the next lookup is refused
 * too. It opens as many connections as are needed: event streams keep theirs for as long as they like.
 *
 * @param lookup resolves names; that of the system, unless a test brings its own
 */
export function createGuardedAgent(lookup: LookupFunction = systemLookup): Dispatcher {
  const connectChecked = buildConnector({
    timeout: CONNECT_TIMEOUT_MS,
    lookup: checkedLookup(lookup),
  })
  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
    keepAliveMaxTimeout: KEPT_MS,
    // An address in the place of a name is not looked up.
    connect(options, callback) {
      const host = options.hostname.replace(/^\[|\]$/g, '')
      if (!isAddress(host) || isPublicAddress(host)) connectChecked(options, callback)
      else callback(notPublic(host), null)
    },
  })
}

/** The same lookup, which fails if any of the addresses is not public. */
function checkedLookup(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error) {
        callback(error, found, family)
        return
      }
      const addresses = typeof found === 'string' ? [found] : found.map(addressOf)
      const refused = addresses.find((one) => !isPublicAddress(one))
      if (refused === undefined && addresses.length > 0) callback(null, found, family)
      else callback(notPublic(refused ?? hostname), '', undefined)
    })
  }
}

function addressOf({ address }: LookupAddress): string {
  return address
}

function notPublic(address: string): TransportError {
  return new TransportError(`${address} is not an address on the public internet`, 'not_public')
}

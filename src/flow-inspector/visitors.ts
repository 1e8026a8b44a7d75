import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../lib/loopback.js'

/**
 * Whether a request comes from a browser on this machine that has opened a loopback address.
 *
 * The address of the connection is not enough. A proxy or tunnel on this machine connects from a loopback address as
 * well, so requests with its headers are refused. A proxy without such headers is not noticed: that is what the key is
 * for. A page of another site whose name resolves to 127.0.0.1 (DNS
 * rebinding) is refused by the `Host` header.
 */
export function isLocal({ socket, headers, httpVersion }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
  const isForwarded = Object.keys(headers).some((name) => FORWARDED.test(name))
  // No browser speaks HTTP/1.0, and nginx does to what is behind it, unless it is told otherwise.
  const isFromBrowser = httpVersion !== '1.0'
  return isLoopback(address) && !isForwarded && isFromBrowser && isLoopback(hostOf(headers.host))
}

/** The headers that proxies and tunnels add to requests. */
const FORWARDED =
  /^(?:via|forwarded|x-forwarded(?:-.+)?|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-.+|fastly-client-ip|fly-client-ip)$/

/** The host name in a `Host` header, without the port; empty if there is none. */
function hostOf(host = ''): string {
  const url = `http://${host}`
  return URL.canParse(url) ? new URL(url).hostname : ''
}

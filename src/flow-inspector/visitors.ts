import type { IncomingMessage } from 'node:http'

/**
 * Whether a request comes from this machine, and was meant for it: not through a proxy or a tunnel that
 * ends here, and not from another site whose name was made to lead here.
 */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
  const isForwarded = Object.keys(headers).some((name) => FORWARDED.test(name))
  return isLoopback(address) && !isForwarded && isLoopback(hostOf(headers.host))
}

/** The headers by which proxies and tunnels tell of themselves or of the visitor. */
const FORWARDED =
  /^(?:via|forwarded|x-forwarded(?:-.+)?|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-.+|fastly-client-ip|fly-client-ip)$/

function hostOf(host = ''): string {
  const url = `http://${host}`
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''
}

function isLoopback(host: string): boolean {
  return (
    host === '::1' ||
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    /^127(\.\d{1,3}){3}$/.test(host)
  )
}

import type { IncomingMessage } from 'node:http'

/**
 * Whether a request comes from this machine, and was meant for it: not through a proxy or a tunnel that
 * ends here, and not from another site whose name was made to lead here.
 */
export function isLocal({ socket, headers }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
  const isForwarded = 'forwarded' in headers || 'x-forwarded-for' in headers
  return isLoopback(address) && !isForwarded && isLoopback(hostOf(headers.host))
}

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

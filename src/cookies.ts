import { ConfigurationError } from './errors.js'
import type { LoginRequest } from './types.js'

/** The cookies that came with the request and whose names begin with `prefix`, by name. */
export function readCookies({ headers }: LoginRequest, prefix: string): Map<string, string> {
  const cookies = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim().split(/=(.*)/s) as [string, string?])
    .filter((pair): pair is [string, string] => pair[0].startsWith(prefix) && pair[1] !== undefined)
  return new Map(cookies)
}

/**
 * Adds a `Set-Cookie` header to the response.
 *
 * @throws {ConfigurationError} when the request is none of Express's
 */
export function setCookie({ res }: LoginRequest, cookie: string): void {
  if (res === undefined) {
    throw new ConfigurationError('Cookies need a request of Express: this one has no response.')
  }
  res.appendHeader('Set-Cookie', cookie)
}

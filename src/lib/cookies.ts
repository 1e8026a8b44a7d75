import type { ServerResponse } from 'node:http'
import type { LoginRequest } from './login-request.js'

/**
 * The cookies that came with the request and whose names begin with `prefix`, by name.
 *
 * Node.js reads headers as Latin-1, a character for each byte. Only spaces and tabs are trimmed:
 * `String.trim` would also strip the byte 0xA0, and let a cookie named `\xA0__Host-login`, which any
 * subdomain may set, pass for `__Host-login`.
 *
 * @see [RFC 6265, section 4.2 - Cookie](https://www.rfc-editor.org/rfc/rfc6265.html#section-4.2)
 */
export function readCookies({ headers }: LoginRequest, prefix: string): Map<string, string> {
  const cookies = (headers.cookie ?? '')
    .split(';')
    .map((pair) => COOKIE_PAIR.exec(pair)?.groups)
    .filter((pair) => pair?.['name']?.startsWith(prefix) === true)
    .map((pair): [string, string] => [pair?.['name'] ?? '', pair?.['value'] ?? ''])
  return new Map(cookies)
}

/**
 * `cookie-pair` with optional whitespace around it: the name a token (RFC 2616, section 2.2), the value
 * cookie octets, with or without double quotes.
 */
const COOKIE_PAIR =
  /^[ \t]*(?<name>[!#$%&'*+.^_`|~\w-]+)=(?<value>"?[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"?)[ \t]*$/

/** Adds a `Set-Cookie` header to the response. */
export function setCookie(response: ServerResponse, cookie: string): void {
  response.appendHeader('Set-Cookie', cookie)
}

import type { ServerResponse } from 'node:http'
import type { LoginRequest } from './login-request.js'

/**
 * Reads the cookies of a request whose names begin with `prefix`, by name. Cookies that are malformed are left out.
 * If a name occurs twice, the last one counts.
 *
 * Only spaces and tabs are trimmed. Node.js reads headers as Latin-1, and `String.trim` would also remove the byte
 * 0xA0: a cookie named `\xA0__Host-login`, which any subdomain may set, would then pass for `__Host-login`.
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
 * `cookie-pair` with optional whitespace around it. The name is a token (RFC 2616, section 2.2); the value consists
 * of cookie octets, with or without double quotes.
 *
 * @see [RFC 6265, section 4.1.1 - Syntax](https://www.rfc-editor.org/rfc/rfc6265.html#section-4.1.1)
 */
const COOKIE_PAIR =
  /^[ \t]*(?<name>[!#$%&'*+.^_`|~\w-]+)=(?<value>"?[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"?)[ \t]*$/

/** Adds a `Set-Cookie` header to the response, and keeps those that are there already. */
export function setCookie(response: ServerResponse, cookie: string): void {
  response.appendHeader('Set-Cookie', cookie)
}

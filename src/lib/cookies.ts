import type { ServerResponse } from 'node:http'
import type { LoginRequest } from './login-request.js'

/** The name of a cookie: a token of HTTP. */
const NAME = /[!#$%&'*+.^_`|~\w-]+/

/** The value of a cookie: printable ASCII characters except space, quote, comma, semicolon and backslash. */
const VALUE = /[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*/

/**
 * `cookie-pair` with optional whitespace around it, and the value with or without double quotes.
 *
 * @see [RFC 6265, section 4.1.1 - Syntax](https://www.rfc-editor.org/rfc/rfc6265.html#section-4.1.1)
 */
const COOKIE_PAIR = new RegExp(
  `^[ \\t]*(?<name>${NAME.source})=(?<value>"?${VALUE.source}"?)[ \\t]*$`,
)

/** What {@link readCookies} has found. */
export interface CookiesByName extends ReadonlyMap<string, string> {
  /** The names that came more than once, with different values. */
  readonly duplicates: readonly string[]
}

/**
 * Reads the cookies of a request whose names begin with `prefix`, by name. Cookies that are malformed are left out.
 *
 * Names are compared exactly, upper and lower case included. Only spaces and tabs around them are trimmed. Node.js reads
 * headers as Latin-1, and `String.trim` would also remove the byte 0xA0: a cookie named `\xA0__Host-login`, which any
 * subdomain may set, would then pass for `__Host-login`.
 *
 * If a name comes more than once, **the first one counts**, as in express-session and most servers. Browsers send the
 * cookie with the longest path first and, of those with the same path, the oldest. Browsers keep only one cookie with a
 * `__Host-` name, so a second one was added on the way. `duplicates` names them, for the diagnostics.
 *
 * @see [RFC 6265, section 4.2 - Cookie](https://www.rfc-editor.org/rfc/rfc6265.html#section-4.2)
 * @see [RFC 6265bis, section 5.6 - Storage Model](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis)
 */
export function readCookies({ headers }: LoginRequest, prefix: string): CookiesByName {
  const cookies = new Map<string, string>()
  const duplicates = new Set<string>()
  for (const pair of (headers.cookie ?? '').split(';')) {
    const { name = '', value = '' } = COOKIE_PAIR.exec(pair)?.groups ?? {}
    if (name === '' || !name.startsWith(prefix)) continue
    const first = cookies.get(name)
    if (first === undefined) cookies.set(name, value)
    else if (first !== value) duplicates.add(name)
  }
  return Object.assign(cookies, { duplicates: [...duplicates] })
}

/** A cookie to set. */
export interface NewCookie {
  readonly name: string
  readonly value: string
  /** The path that it is sent to, with all paths below. @default '/' */
  readonly path?: string
  /** How long it is kept, in **seconds**; 0 deletes it. @default until the browser is closed */
  readonly maxAgeSeconds?: number
  /** Only by HTTPS (or to localhost). @default false */
  readonly secure?: boolean
  /** Scripts cannot read it. @default false */
  readonly httpOnly?: boolean
  readonly sameSite: 'Strict' | 'Lax' | 'None'
}

/**
 * Adds a `Set-Cookie` header to the response, and keeps those that are there already.
 *
 * Nothing is escaped: what a browser would not store, or would read in another way, is an error of the code that calls
 * this, and no header is set.
 *
 * @throws {TypeError} if the name, the value or the path has a character that is not allowed there, or the attributes are
 *   not what the name's prefix or `SameSite=None` needs
 * @see [RFC 6265bis, section 4.1.3 - Cookie Name Prefixes](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis)
 */
export function setCookie(response: ServerResponse, cookie: NewCookie): void {
  response.appendHeader('Set-Cookie', cookieLine(cookie))
}

/** The value of a `Set-Cookie` header. @throws {TypeError} see {@link setCookie} */
export function cookieLine(cookie: NewCookie): string {
  const { name, value, path = '/', maxAgeSeconds, secure, httpOnly, sameSite } = cookie
  check(isAll(NAME, name), 'name has a character that is not allowed')
  check(isAll(VALUE, value), 'value has a character that is not allowed')
  check(/^\/[\x20-\x3a\x3c-\x7e]*$/.test(path), 'path is not one, or has a semicolon')
  check(maxAgeSeconds === undefined || Number.isInteger(maxAgeSeconds), 'age is not whole seconds')
  check(sameSite !== 'None' || secure === true, 'attribute SameSite=None needs Secure')
  // Browsers compare prefixes without regard to case.
  check(!/^__(?:host|secure)-/i.test(name) || secure === true, 'prefix needs Secure')
  check(!/^__host-/i.test(name) || path === '/', 'prefix __Host- needs the path /')
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(secure === true ? ['Secure'] : []),
    ...(httpOnly === true ? ['HttpOnly'] : []),
    `SameSite=${sameSite}`,
    ...(maxAgeSeconds === undefined ? [] : [`Max-Age=${maxAgeSeconds}`]),
  ].join('; ')
}

function isAll({ source }: RegExp, text: string): boolean {
  return new RegExp(`^(?:${source})$`).test(text)
}

/** The message has neither name nor value, which may be secret. */
function check(isRight: boolean, what: string): void {
  if (!isRight) throw new TypeError(`A cookie cannot be set: its ${what}.`)
}

import { NotConnectableError } from '../errors/connection-errors.js'
import { isLoopback } from '../lib/loopback.js'

/** The longest address that is accepted, in characters. It becomes a part of other addresses. */
const MAXIMUM_LENGTH = 1_000

/**
 * Reads the address of a resource that a person has entered, as a browser would write it: HTTPS, without a name or password in
 * it. The fragment is left out.
 *
 * @param allowsHttp whether plain HTTP to this machine is accepted
 * @throws {NotConnectableError} saying what is wrong with it
 */
export function readResourceAddress(value: unknown, allowsHttp: boolean): URL {
  if (typeof value !== 'string' || value === '') throw notAnAddress('Enter the address of a server')
  if (value.length > MAXIMUM_LENGTH) {
    throw notAnAddress(`The address is longer than ${MAXIMUM_LENGTH} characters`)
  }
  if (!URL.canParse(value)) {
    throw notAnAddress('That is no address: it must begin with https:// and name a host')
  }
  const url = new URL(value)
  const isHttp = url.protocol === 'http:' && allowsHttp && isLoopback(url.hostname)
  if (url.protocol !== 'https:' && !isHttp) throw notAnAddress('The address must be HTTPS')
  if (url.username !== '' || url.password !== '') {
    throw notAnAddress('The address may have no name and no password in it')
  }
  url.hash = ''
  return url
}

/**
 * Whether `address` is the resource or a part of it: of the same origin, and with its path or one below.
 *
 * @see [RFC 8707, section 2 - Resource Parameter](https://www.rfc-editor.org/rfc/rfc8707.html#section-2)
 */
export function isWithin(address: URL, resource: URL): boolean {
  if (address.origin !== resource.origin) return false
  if (resource.search !== '' && resource.search !== address.search) return false
  const path = resource.pathname.replace(/\/$/, '')
  const decoded = decodedPath(address)
  const isBelow = [address.pathname, decoded].every(
    (one) => one === path || one.startsWith(`${path}/`),
  )
  return isBelow && !LEADS_OUT.test(decoded)
}

/** The path for a server or a proxy that decodes it, also twice, before it looks for dot segments. */
function decodedPath({ pathname }: URL): string {
  const decode = (path: string): string =>
    path
      .replaceAll(/%2e/gi, '.')
      .replaceAll(/%(?:2f|5c)/gi, '/')
      .replaceAll(/%25/g, '%')
  return decode(decode(decode(pathname)))
}

/**
 * A segment that leads up, also for servers that leave out what follows a semicolon, a space or a null byte. What begins with two
 * dots and a letter is a name.
 */
const LEADS_OUT = /\/\.\.(?![\w-])|%00/

function notAnAddress(message: string): NotConnectableError {
  return new NotConnectableError('address', `${message}.`)
}

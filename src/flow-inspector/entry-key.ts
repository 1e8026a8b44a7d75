import { hash, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { readCookies, setCookie } from '../lib/cookies.js'

/** The parameter of the address that has the key. */
const PARAMETER = 'key'

/** What {@link requireKey} needs. */
export interface KeySettings {
  /** Opens the page. */
  readonly key: string
  /** Receives one line with the address and the key, at the first request that has no key. */
  readonly print: (line: string) => void
}

/**
 * Lets only requests pass that come from a browser which has opened the address with the key. Everybody else is told
 * where that address is: in the terminal of the process, which only its developer can read.
 *
 * A proxy or a tunnel on this machine connects from a loopback address and may hide that it is one, as nginx does with
 * its defaults. So the address of a connection and the headers of a request cannot show who is asking.
 *
 * The address leads on to the page without the key, which is kept in a cookie: a bookmark or a screenshot shows no key.
 */
export function requireKey({ key, print }: KeySettings): RequestHandler {
  // The application's key may have characters that a cookie must not have.
  const digest = hash('sha256', key, 'base64url')
  let isPrinted = false
  return (req, res, next) => {
    const name = cookieNameOf(req)
    if (isSame(req.query[PARAMETER], key)) {
      setCookie(res, {
        name,
        value: digest,
        path: mountOf(req),
        httpOnly: true,
        sameSite: 'Strict',
      })
      if (req.path === '/') res.redirect(303, mountOf(req))
      else next()
    } else if (isSame(readCookies(req, name).get(name), digest)) next()
    else {
      if (!isPrinted) print(`The flow inspector is at ${addressOf(req, key)}`)
      isPrinted = true
      explain(res)
    }
  }
}

function explain(res: Response): void {
  res.status(403).type('text')
  res.send(
    'The flow inspector needs its key. The terminal in which this application runs shows the address with the key: "The flow inspector is at …". Open that address once in this browser, and reload this page. The application draws a new key when it starts, unless it sets the option key.\n',
  )
}

/** Compares in constant time: digests, which have the same length. */
function isSame(given: unknown, expected: string): boolean {
  if (typeof given !== 'string') return false
  const [one, other] = [given, expected].map((text) => hash('sha256', text, 'buffer'))
  return one !== undefined && other !== undefined && timingSafeEqual(one, other)
}

/** Browsers send a cookie to all ports of a host, and each application has its own key. */
function cookieNameOf({ socket }: Request): string {
  return `flow-inspector-${socket.localPort ?? 0}`
}

/** The path that the inspector is mounted at. */
function mountOf({ baseUrl }: Request): string {
  return baseUrl === '' ? '/' : baseUrl
}

/** The address by which this process is reached on this machine. No header is part of it: a stranger may have sent them. */
function addressOf(req: Request, key: string): string {
  const protocol = 'encrypted' in req.socket ? 'https' : 'http'
  const port = req.socket.localPort ?? 80
  return `${protocol}://localhost:${port}${mountOf(req)}?${PARAMETER}=${encodeURIComponent(key)}`
}

import type { Request, RequestHandler } from 'express'
import helmet from 'helmet'
import { CrossSiteRequestError } from 'passport-authorization-code'

/** Shows in the answer which process of a cluster has made it. */
export function nameWorker(id: number): RequestHandler {
  return (_req, res, next) => {
    res.set('x-worker', String(id))
    next()
  }
}

export function securityHeaders(url: URL): RequestHandler {
  const isHttps = url.protocol === 'https:'
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        ...(isHttps && { upgradeInsecureRequests: [] }),
      },
    },
    strictTransportSecurity: isHttps,
    // Helmet's default, no-referrer, makes browsers send `Origin: null` with the log-out form, and those
    // without `Sec-Fetch-Site` could then not show that the form is ours.
    referrerPolicy: { policy: 'same-origin' },
  })
}

/**
 * Sends visitors of http://127.0.0.1 to http://localhost. To browsers these are two hosts, and the
 * session cookie of one would be missing when the provider sends them back to the other.
 */
export function oneNameForLoopback(url: URL): RequestHandler {
  return (req, res, next) => {
    const isOtherName = req.method === 'GET' && req.headers.host === `127.0.0.1:${url.port}`
    if (isOtherName) res.redirect(307, url.origin + req.originalUrl)
    else next()
  }
}

/**
 * Refuses forms that another site has sent. `POST /logout` of the library does the same; the app's own forms need it too.
 * Browsers say where a request comes from in `Sec-Fetch-Site`, older ones only in `Origin`.
 */
export const ownFormsOnly: RequestHandler = (req, _res, next) => {
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  next(isRead || isFromHere(req) ? undefined : new CrossSiteRequestError())
}

function isFromHere({ headers }: Request): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const { origin, host } = headers
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
}

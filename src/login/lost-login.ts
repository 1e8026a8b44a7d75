import { PendingLoginError } from '../errors/errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { isFromCookie } from '../session/request-session.js'

/**
 * Explains why a callback has no pending login, as far as the request shows it: no session cookie came back, its
 * session has ended, or the session exists and has no such login.
 */
export function explainLostLogin(request: LoginRequest): PendingLoginError {
  if (isFromCookie(request)) {
    return new PendingLoginError('ERR_PENDING_LOGIN_UNKNOWN')
  }
  return SIGNED_COOKIE.test(request.headers.cookie ?? '')
    ? new PendingLoginError('ERR_SESSION_LOST', [
        'A session cookie came back, but the store does not know its session: it has expired, was destroyed, the secret has changed, or an in-memory store was restarted.',
      ])
    : new PendingLoginError('ERR_SESSION_COOKIE_MISSING', cookieHints(request))
}

/** express-session's cookies are signed, and begin with `s:`. */
const SIGNED_COOKIE = /=(s:|s%3A)/i

function cookieHints(request: LoginRequest): readonly string[] {
  return [...secureHints(request), ...sameSiteHints(request), HOST_HINT]
}

const HOST_HINT =
  'Check that the login was started on the same host as callbackURL: a cookie of 127.0.0.1 is not sent to localhost.'

function secureHints({ session, socket, headers }: LoginRequest): readonly string[] {
  if (!readCookieOption(session?.cookie, 'secure') || 'encrypted' in socket) return []
  return headers['x-forwarded-proto'] === undefined
    ? [
        'The session cookie is `secure`, and this request came over plain HTTP: serve HTTPS, or set cookie.secure to "auto" for local development.',
      ]
    : [
        'The session cookie is `secure` behind a proxy: set app.set("trust proxy", 1), or express-session sends no cookie at all.',
      ]
}

function sameSiteHints({ session, method }: LoginRequest): readonly string[] {
  const sameSite = readCookieOption(session?.cookie, 'sameSite')
  if (sameSite === 'strict' || sameSite === true) {
    return [
      'The session cookie is SameSite=Strict, which browsers do not send when they return from the provider: use "lax".',
    ]
  }
  return method === 'POST' && sameSite !== 'none'
    ? [
        'The callback came by POST (form_post), with which browsers do not send SameSite=Lax cookies.',
      ]
    : []
}

function readCookieOption(cookie: object | undefined, name: string): unknown {
  return cookie === undefined ? undefined : (Reflect.get(cookie, name) as unknown)
}

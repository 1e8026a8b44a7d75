import { CrossSiteRequestError } from '../errors/login-errors.js'
import type { LoginRequest } from '../lib/login-request.js'
import { readStoredSession } from './stored-session.js'

/** How many further sessions are looked for in the store. A browser that sends more has been given them. */
const MAXIMUM_OTHERS = 3

/** Ids that are safe to ask any store for: the signature of a cookie that was not used has not been checked. */
const PLAIN_ID = /^[\w-]{1,128}$/

/**
 * Refuses to connect a provider if it is not certain whose session this is. Otherwise, the tokens could go into the
 * session of somebody who has planted a second session cookie.
 *
 * @throws {CrossSiteRequestError} if the browser has sent cookies of two sessions
 * @throws {StorageError} if it has sent two cookies and the session store fails
 */
export async function refuseTwoSessions(request: LoginRequest): Promise<void> {
  if (await hasTwoSessions(request)) throw new CrossSiteRequestError('ERR_TWO_SESSIONS')
}

/**
 * Whether the browser has sent the session cookie twice, for two sessions that both exist.
 *
 * express-session uses the first cookie of its name. Browsers send the one with the longest path first, whoever has set
 * it: a sibling subdomain can put a session of its own in front of the person's for some paths. The name of the session
 * cookie is that of the cookie that names this session. A second cookie that names no session in the store is left over
 * from earlier, or another application's.
 *
 * @throws {StorageError} if there are two cookies and the store fails, or has not answered within the limit
 * @see [RFC 6265, section 8.6 - Weak Integrity](https://www.rfc-editor.org/rfc/rfc6265.html#section-8.6)
 */
async function hasTwoSessions(request: LoginRequest): Promise<boolean> {
  const others = otherSessionIds(request)
  if (others.length > MAXIMUM_OTHERS || others.some((id) => !PLAIN_ID.test(id))) return true
  const { sessionStore } = request
  for (const sessionID of others) {
    if ((await readStoredSession({ sessionID, sessionStore })) !== undefined) return true
  }
  return false
}

/** The ids in cookies that have the name of this session's cookie, without this session's. */
function otherSessionIds({ headers, sessionID }: LoginRequest): readonly string[] {
  const signed = (headers.cookie ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=')
    const id = signedId(pair.slice(at + 1).trim())
    return at < 0 || id === undefined ? [] : [{ name: pair.slice(0, at).trim(), id }]
  })
  const names = signed.filter(({ id }) => id === sessionID).map(({ name }) => name)
  const ids = signed.filter(({ name }) => names.includes(name)).map(({ id }) => id)
  return [...new Set(ids)].filter((id) => id !== sessionID)
}

/** The id in a cookie of express-session, `s:<id>.<signature>`, read as leniently as express-session does. */
function signedId(value: string): string | undefined {
  const text = decoded(value.startsWith('"') ? value.slice(1, -1) : value)
  const end = text.lastIndexOf('.')
  return text.startsWith('s:') && end > 2 ? text.slice(2, end) : undefined
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

import { createHash } from 'node:crypto'
import type { Answer } from '../../support/providers-elsewhere.js'
import { startInternet } from './internet.js'
import type { Internet } from './internet.js'

/** Google, as far as an application with one calendar page needs it. A code is `codeFor` a person, a subject their name. */
export interface Google extends Internet {
  /** How many refreshes there were, and with which refresh tokens. */
  refreshes(): readonly (string | undefined)[]
  /** How many logins there were. */
  logins(): number
  /** Ends what a person has allowed, as in their Google account. */
  end(person: string): void
  /** Whether logins with a consent bring a refresh token: the first of a person, and those with `prompt=consent`. @default true */
  givesRefreshTokens: boolean
}

const CALENDARS = 'GET https://www.googleapis.com/calendar/v3/users/me/calendarList'
const REVOKE = 'POST https://oauth2.googleapis.com/revoke'
const INVALID_GRANT = { status: 400, body: { error: 'invalid_grant' } }
const TOKEN_URLS = [
  'POST https://oauth2.googleapis.com/token',
  'POST https://www.googleapis.com/oauth2/v4/token',
]

/**
 * Starts it. Refresh tokens stay the same when they are used, and a new access token leaves those before valid.
 *
 * @see [Using OAuth 2.0 for Web Server Applications](https://developers.google.com/identity/protocols/oauth2/web-server#offline)
 */
export async function startGoogle(): Promise<Google> {
  const internet = await startInternet(['oauth2.googleapis.com', 'www.googleapis.com'])
  const people = new Map<string, string>()
  const consented = new Set<string>()
  let issued = 0

  /** The token requests of a kind. */
  const formsFor = (kind: string) =>
    internet.requests
      .filter(({ to, form }) => TOKEN_URLS.includes(to) && form['grant_type'] === kind)
      .map(({ form }) => form)

  const token: Answer = ({ form }) => {
    const { grant_type, code = '', code_verifier, refresh_token = '' } = form
    const isLogin = grant_type === 'authorization_code'
    const [coded = '', challenge = '', prompt] = code.split(' ')
    if (isLogin && challenge !== challengeOf(code_verifier)) return INVALID_GRANT
    const person = isLogin ? coded : people.get(refresh_token)
    if (person === undefined) return INVALID_GRANT
    issued += 1
    const access_token = `access-${person}-${issued}`
    people.set(access_token, person)
    const consents = isLogin && (prompt === 'consent' || !consented.has(person))
    consented.add(person)
    const isGiven = consents && google.givesRefreshTokens
    const refresh = isGiven ? `refresh-${person}-${issued}` : undefined
    if (refresh !== undefined) people.set(refresh, person)
    const body = { access_token, expires_in: 3599, token_type: 'Bearer', refresh_token: refresh }
    return { body }
  }
  const revoke: Answer = ({ form }) => {
    google.end(people.get(form['token'] ?? '') ?? '')
    return {}
  }
  const forPerson =
    (body: (person: string) => object): Answer =>
    ({ headers, form }) => {
      // passport-oauth2 sends the token in the query.
      const { access_token = String(headers['authorization']).replace('Bearer ', '') } = form
      const person = people.get(access_token)
      return person === undefined ? { status: 401 } : { body: body(person) }
    }

  const google: Google = Object.assign(internet, {
    answers: {
      ...Object.fromEntries(TOKEN_URLS.map((url) => [url, token])),
      'GET https://www.googleapis.com/oauth2/v3/userinfo': forPerson((sub) => ({ sub, name: sub })),
      [REVOKE]: revoke,
      [CALENDARS]: forPerson((person) => ({ calendarsOf: person })),
    },
    refreshes: () => formsFor('refresh_token').map((form) => form['refresh_token']),
    logins: () => formsFor('authorization_code').length,
    end(person: string) {
      for (const [key, of] of people) if (of === person) people.delete(key)
      consented.delete(person)
    },
    givesRefreshTokens: true,
  })
  return google
}

/** The code of a login, for an authorization request. It counts only with the verifier of that request, if it had one. */
export function codeFor(person: string, asked: URLSearchParams): string {
  return `${person} ${asked.get('code_challenge') ?? ''} ${asked.get('prompt') ?? ''}`
}

/** @see [RFC 7636, section 4.2 - Client Creates the Code Challenge](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.2) */
function challengeOf(verifier: string | undefined): string {
  return verifier === undefined ? '' : createHash('sha256').update(verifier).digest('base64url')
}

import type { TestRefusal } from './refusal.js'
import type { TestRequest } from './server.js'
import type { TestSession } from './sessions.js'
import { subjectOf } from './settings.js'
import type { TestSettings } from './settings.js'
import type { TestProviderState } from './state.js'

/**
 * Finds out who logs in, and authenticates the person if they are not logged in, if the request wants it again (`prompt`,
 * `max_age`), or if it wants another way (`acr_values`). A person who is not logged in, but counts as if they were, is
 * authenticated without being asked.
 *
 * @returns the session at the provider, or why the login is refused
 * @see [OpenID Connect Core, section 3.1.2.3 - Authorization Server Authenticates End-User](https://openid.net/specs/openid-connect-core-1_0.html#Authenticates)
 */
export function authenticate(
  { sessions, settings, clock }: TestProviderState,
  { parameters }: TestRequest,
): { readonly user: TestSettings['user']; readonly session: TestSession } | TestRefusal {
  const { prompt, max_age: maxAge, login_hint: hint } = parameters
  const prompts = wordsIn(prompt)
  const isSilent = prompts.includes('none')
  if (isSilent && prompts.length > 1) {
    return { error: 'invalid_request', description: 'prompt has none and something else' }
  }
  if (maxAge !== undefined && !/^\d+$/.test(maxAge)) {
    return { error: 'invalid_request', description: 'max_age must be a number of seconds' }
  }
  const now = clock.now()
  const user = personFor(hint, settings)
  const sub = subjectOf(user)
  const wanted = wordsIn(parameters['acr_values'])
  const before = sessions.find(sub)
  const acr = acrFor(wanted, before, settings)

  const isAssumed = settings.asksFor !== 'login' && sessions.isAssumed(sub)
  const session = before ?? (isAssumed ? sessions.authenticate(sub, now, acr) : undefined)
  const isEnough =
    session !== undefined &&
    session.acr === acr &&
    settings.asksFor !== 'login' &&
    !prompts.includes('login') &&
    isRecent(session, maxAge, now)
  if (isSilent && !isEnough) return { error: 'login_required' }
  if (isSilent && settings.asksFor !== undefined) return { error: `${settings.asksFor}_required` }
  return { user, session: isEnough ? session : sessions.authenticate(sub, now, acr) }
}

function wordsIn(list = ''): readonly string[] {
  return list.split(' ').filter((word) => word !== '')
}

/** The first person of whom any member is the `login_hint`, or else the usual one. */
function personFor(hint: string | undefined, { user, users }: TestSettings): TestSettings['user'] {
  if (hint === undefined) return user
  return [user, ...users].find((one) => Object.values(one).includes(hint)) ?? user
}

/**
 * How the person is to be authenticated: as they are already if that is wanted or nothing is, or else in the first way that
 * is wanted and that there is. If there is none, the login goes on, because `acr_values` only expresses a preference.
 */
function acrFor(
  wanted: readonly string[],
  session: TestSession | undefined,
  { acrValues = wanted }: TestSettings,
): string | undefined {
  const present = session?.acr
  if (present !== undefined && wanted.includes(present)) return present
  const usual = session === undefined ? acrValues[0] : present
  return wanted.find((one) => acrValues.includes(one)) ?? usual
}

/** Whether the person was authenticated within `max_age`. With 0, nobody ever was. */
function isRecent(session: TestSession, maxAge: string | undefined, now: number): boolean {
  if (maxAge === undefined) return true
  return maxAge !== '0' && now - session.authenticatedAt <= Number(maxAge) * 1000
}

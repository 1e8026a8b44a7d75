import { randomId } from '../lib/random-id.js'
import type { TestLogout, TestSessionFilter } from './sessions.js'
import type { TestProviderState } from './state.js'

/** How long a logout token is valid. */
const LIFETIME_SECONDS = 120

/** How long the application may take, in **milliseconds**. */
const TIMEOUT_MS = 10_000

/**
 * Ends sessions, and posts logout tokens to the application: one about what `who` names, or, if it names nothing, one for
 * each session, with both `sid` and `sub`.
 *
 * @throws {Error} if the application cannot be reached, or does not answer within 10 s
 * @see [OpenID Connect Back-Channel Logout, section 2.5 - Back-Channel Logout Request](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest)
 */
export async function endSessions(
  provider: TestProviderState,
  who: TestSessionFilter,
): Promise<readonly TestLogout[]> {
  const { sid, sub } = who
  const ended = provider.sessions.end(who)
  if (sid === undefined && sub === undefined) {
    return Promise.all(ended.map((one) => tellApplication(provider, one, [one.sid])))
  }
  const sids = sid === undefined ? ended.map((one) => one.sid) : [sid]
  return [await tellApplication(provider, who, sids)]
}

async function tellApplication(
  provider: TestProviderState,
  who: TestSessionFilter,
  sids: readonly string[],
): Promise<TestLogout> {
  const { backchannelLogoutURL: url } = provider.registered
  const logoutToken = await signLogoutToken(who, provider)
  const status = url === undefined ? undefined : await post(url, logoutToken)
  const { sid, sub } = who
  return { sid, sub, logoutToken, status, frontchannelURLs: frontchannelURLs(provider, sids) }
}

/**
 * What a page of the provider loads in frames, so that the application ends these sessions.
 *
 * @see [OpenID Connect Front-Channel Logout, section 3 - OP Logout Functionality](https://openid.net/specs/openid-connect-frontchannel-1_0.html#OPLogout)
 */
export function frontchannelURLs(
  { registered: { frontchannelLogoutURL: url }, issuer }: TestProviderState,
  sids: readonly string[],
): readonly string[] {
  if (url === undefined) return []
  return sids.map((sid) => {
    const frame = new URL(url)
    frame.searchParams.set('iss', issuer)
    frame.searchParams.set('sid', sid)
    return frame.href
  })
}

/** @see [OpenID Connect Back-Channel Logout, section 2.4 - Logout Token](https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken) */
function signLogoutToken(
  { sid, sub }: TestSessionFilter,
  { issuer, client, issueTimes, keys }: TestProviderState,
): Promise<string> {
  const iat = issueTimes.logoutToken()
  const claims = {
    ...(sid !== undefined && { sid }),
    ...(sub !== undefined && { sub }),
    iss: issuer,
    aud: client.clientID,
    iat,
    exp: iat + LIFETIME_SECONDS,
    jti: randomId(),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  }
  return keys.sign(claims, 'logout+jwt')
}

async function post(url: string, logoutToken: string): Promise<number> {
  const answer = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: logoutToken }),
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  await answer.body?.cancel()
  return answer.status
}

import { escapeHtml } from '../lib/escape-html.js'
import { endSessions, frontchannelURLs } from './end-sessions.js'
import { refusal } from './refusal.js'
import type { TestAnswer, TestRequest } from './server.js'
import type { TestProviderState } from './state.js'

/**
 * Logs the person out without asking, tells the application, and sends the browser back. The session is that of the
 * `id_token_hint` or `logout_hint` (its `sid`); without one, all in the present browser end.
 *
 * Its page loads the frames of front-channel logout, if there are any, and then goes on by a script, or by a link.
 *
 * @see [OpenID Connect RP-Initiated Logout 1.0](https://openid.net/specs/openid-connect-rpinitiated-1_0.html)
 */
export async function logout(
  provider: TestProviderState,
  { parameters }: TestRequest,
): Promise<TestAnswer> {
  const { client, keys, registered, issuer } = provider
  const { client_id: clientID = client.clientID, id_token_hint: idToken } = parameters
  const hint = idToken === undefined ? undefined : await keys.read(idToken)
  if (clientID !== client.clientID) return invalid('unknown client_id')
  if (idToken !== undefined && (hint?.iss !== issuer || hint.aud !== clientID)) {
    return invalid('id_token_hint is no ID token for this client')
  }
  const { post_logout_redirect_uri: back, state } = parameters
  if (back !== undefined && registered.postLogoutRedirectURLs?.includes(back) === false) {
    return invalid('post_logout_redirect_uri is not registered')
  }
  const hinted = provider.sessions.all().find(({ sid }) => sid === parameters['logout_hint'])
  const frames = await logOutHere(provider, hint?.['sid'] ?? hinted?.sid)
  const next = back !== undefined && URL.canParse(back) ? withState(back, state) : undefined
  if (frames.length > 0) return { status: 200, html: page(frames, next) }
  return next === undefined ? { status: 200, body: {} } : { status: 302, location: next }
}

function invalid(description: string): TestAnswer {
  return refusal('logout', { error: 'invalid_request', description })
}

function withState(back: string, state: string | undefined): string {
  const url = new URL(back)
  if (state !== undefined) url.searchParams.set('state', state)
  return url.href
}

/**
 * Ends the session of the ID token, or all in the present browser, and resolves to the addresses of front-channel logout.
 * If the application cannot be reached, people are logged out all the same.
 */
async function logOutHere(provider: TestProviderState, sid: unknown): Promise<readonly string[]> {
  const { sessions } = provider
  const named = sessions.all().filter((one) => one.sid === sid)
  const ended = sid === undefined ? sessions.inBrowser() : named
  if (sid === undefined) sessions.newBrowser()
  await Promise.allSettled(ended.map((one) => endSessions(provider, one)))
  return frontchannelURLs(
    provider,
    ended.map((one) => one.sid),
  )
}

function page(frames: readonly string[], next: string | undefined): string {
  const link = next === undefined ? '' : `<p><a href="${escapeHtml(next)}">Continue</a></p>`
  const goOn = "addEventListener('load', () => location.replace(document.links[0].href))"
  return `<!doctype html>
<html lang="en">
<title>Logged out</title>
<p>You are logged out.</p>
${link}
${frames.map((url) => `<iframe hidden src="${escapeHtml(url)}"></iframe>`).join('\n')}
${next === undefined ? '' : `<script>${goOn}</script>`}
</html>
`
}

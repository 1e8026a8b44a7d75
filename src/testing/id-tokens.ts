import type { TestGrant } from './grants.js'
import { subjectOf } from './settings.js'
import type { TestProviderState } from './state.js'

/** How long an ID token is valid. */
const LIFETIME_SECONDS = 3600

/**
 * Signs an ID token about the person of a grant, with its nonce. It is valid for 1 hour. What the test says about the
 * person replaces what the provider says about the authentication.
 *
 * @see [OpenID Connect Core, section 2 - ID Token](https://openid.net/specs/openid-connect-core-1_0.html#IDToken)
 */
export function signIdToken(
  { user, nonce, sid, authentication }: TestGrant,
  { issuer, client, issueTimes, keys }: TestProviderState,
): Promise<string> {
  const iat = issueTimes.idToken()
  return keys.sign({
    ...authentication,
    ...user,
    ...(nonce !== undefined && { nonce }),
    sid,
    iss: issuer,
    sub: subjectOf(user),
    aud: client.clientID,
    iat,
    exp: iat + LIFETIME_SECONDS,
  })
}

import { createClientKeys } from '../client/client-keys.js'
import { ConfigurationError } from '../errors/errors.js'
import type { PrivateKey } from '../options/client-credentials.js'
import type { AuthorizationCodeOptions, ProviderOptions } from '../options/options.js'

/** What {@link apple} has to know of your account. */
export interface AppleClient {
  /** The identifier of your Services ID. */
  readonly clientID: string | undefined
  /** Your team's identifier. */
  readonly teamID: string | undefined
  /** The identifier of the key. */
  readonly keyID: string | undefined
  /** The key for Sign in with Apple: what the `.p8` file holds. */
  readonly privateKey: PrivateKey | undefined
}

/** How long a client secret works, in **seconds**. Apple allows six months. */
const SECRET_LIFETIME_SECONDS = 300

const ISSUER = 'https://appleid.apple.com'

/**
 * Apple: Sign in with Apple, which is OpenID Connect. The client secret is a JWT, signed anew for each
 * request. There is no UserInfo endpoint: the profile is what the ID token says, which is no name; at the
 * first login alone, the name is in the field `user` of the callback's form, in `req.body` for your `verify`.
 *
 * Because the scopes `name` and `email` are asked for, the callback is a `POST` from Apple's site. Browsers
 * send your session's cookie with it only if it is `SameSite=None; Secure`; or use `cookiePendingLogins`.
 * PKCE is off because Apple's documentation of these requests does not name it; the `nonce` binds the code
 * to the browser.
 *
 * @throws {ConfigurationError} naming what is missing or cannot be used
 * @see [Apple, Sign in with Apple REST API](https://developer.apple.com/documentation/signinwithapplerestapi)
 * @see [Apple, Creating a client secret](https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret)
 */
export function apple({ clientID, teamID, keyID, privateKey }: AppleClient) {
  const keys = createClientKeys({
    privateKey: required(privateKey, 'privateKey'),
    keyId: required(keyID, 'keyID'),
    clientAssertionAlgorithm: 'ES256',
  })
  const iss = required(teamID, 'teamID')
  const sub = required(clientID, 'clientID')

  return {
    name: 'apple',
    issuer: ISSUER,
    authorizationURL: `${ISSUER}/auth/authorize`,
    tokenURL: `${ISSUER}/auth/token`,
    revocationURL: `${ISSUER}/auth/revoke`,
    jwksURL: `${ISSUER}/auth/keys`,
    providerSignatureAlgorithms: ['RS256'],
    scope: 'openid name email',
    authorizationParameters: { response_mode: 'form_post' },
    clientAuthentication: 'client_secret_post',
    clientID: sub,
    clientSecret: () => {
      const iat = Math.floor(Date.now() / 1000)
      return keys.sign({ iss, sub, aud: ISSUER, iat, exp: iat + SECRET_LIFETIME_SECONDS }, 'JWT')
    },
    dangerouslyOmitPkce: true,
  } as const satisfies ProviderOptions & Pick<AuthorizationCodeOptions, 'clientID' | 'clientSecret'>
}

function required<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined && value !== '') return value
  throw new ConfigurationError(`${name} is missing. Is the environment variable set?`, name)
}

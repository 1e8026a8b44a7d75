import { createClientKeys } from '../client/client-keys.js'
import { ConfigurationError } from '../errors/errors.js'
import type { PrivateKey } from '../options/client-credentials.js'
import type { AuthorizationCodeOptions, ProviderOptions } from '../options/options.js'

/** The values of your Apple developer account that {@link apple} needs. None has a default. */
export interface AppleClient {
  /** The identifier of your Services ID, such as `com.example.web`. */
  readonly clientID: string | undefined
  /** The identifier of your developer team: 10 characters. It is the issuer of the client secret. */
  readonly teamID: string | undefined
  /** The identifier of the private key: 10 characters. Apple uses it to find the public key. */
  readonly keyID: string | undefined
  /** The private key for Sign in with Apple: the content of the `.p8` file, or a key object. */
  readonly privateKey: PrivateKey | undefined
}

/**
 * How long a client secret is valid, in **seconds**. Apple accepts up to six months; each request signs a new one.
 */
const SECRET_LIFETIME_SECONDS = 300

/** Apple's issuer identifier. It is also the audience of the client secret. */
const ISSUER = 'https://appleid.apple.com'

/**
 * Returns the options for Sign in with Apple, which is OpenID Connect: the endpoints, the scope, and a client
 * secret. Apple's client secret is a JWT, so the returned `clientSecret` is a function that signs a new one for
 * each request.
 *
 * Apple has no UserInfo endpoint. The profile is read from the ID token, which has the email address but not the
 * name. Apple sends the name only at a person's first login, in the field `user` of the callback's form: read it
 * from `req.body` in `verify`.
 *
 * The scopes `name` and `email` make Apple send the callback as a `POST` from its own site. Browsers then send
 * the session cookie only if it is `SameSite=None; Secure`. Set it that way, or use `cookiePendingLogins`.
 *
 * PKCE is off because Apple's documentation does not mention it. The `nonce` in the ID token binds the code to
 * the browser instead.
 *
 * @example
 * ```ts
 * import { apple, AuthorizationCodeStrategy } from 'passport-authorization-code'
 *
 * const strategy = new AuthorizationCodeStrategy({
 *   ...apple({
 *     clientID: process.env['APPLE_CLIENT_ID'],
 *     teamID: process.env['APPLE_TEAM_ID'],
 *     keyID: process.env['APPLE_KEY_ID'],
 *     privateKey: process.env['APPLE_PRIVATE_KEY'],
 *   }),
 *   callbackURL: 'https://your-app.com/auth/callback',
 * })
 * ```
 *
 * @throws {ConfigurationError} naming the value that is missing, or `privateKey` if it cannot be used
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

/**
 * Returns a value that must be set.
 *
 * @throws {ConfigurationError} if it is `undefined` or empty, as from an environment variable that is not set
 */
function required<Value>(value: Value | undefined, name: string): Value {
  if (value !== undefined && value !== '') return value
  throw new ConfigurationError(`${name} is missing. Is the environment variable set?`, name)
}

import { parsedJson } from '../lib/parsed-json.js'
import { MAXIMUM_DEPTH, isObject, isTooDeep, parseBody, refusalOf } from '../client/answer.js'
import { readChallenge } from '../client/challenge.js'
import type { Answer } from '../client/transport.js'
import { ProfileError } from '../errors/provider-errors.js'
import { AuthorizationCodeError } from '../errors/base.js'
import { providerText } from '../lib/provider-text.js'
import { isSignedJwt } from './encrypted-jwt.js'
import type { DecryptJwt } from './encrypted-jwt.js'
import type { VerifyProviderJwt } from './expected-jwt.js'

/** What reads a profile that is a JWT. */
export interface JwtReaders {
  readonly decrypt: DecryptJwt
  /** Verifies a signed JWT, and that it has these claims; `undefined` if the provider's keys are not known. */
  readonly verify: VerifyProviderJwt | undefined
}

/**
 * The claims in the answer of a profile endpoint: JSON, or a JWT that is signed, encrypted, or both.
 *
 * @param accessToken which the answer may quote
 * @throws {ProfileError} if it is an error, or cannot be read or trusted
 * @throws {DiscoveryError} if the keys that it is signed with cannot be loaded
 * @see [OpenID Connect Core, section 5.3.2 - Successful UserInfo Response](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse)
 */
export async function readUserInfo(
  answer: Answer,
  accessToken: string,
  readers: JwtReaders,
): Promise<Record<string, unknown>> {
  if (answer.status !== 200) throw refused(answer, accessToken)
  const claims = await claimsIn(answer.text, readers).catch((error: unknown) => {
    throw error instanceof AuthorizationCodeError
      ? error
      : unusable(`The profile cannot be used: ${(error as Error).message}.`)
  })
  if (isObject(claims) && !isTooDeep(claims)) return claims
  throw unusable(
    `The profile is neither a JSON object nor a JWT, or is nested deeper than ${MAXIMUM_DEPTH} levels.`,
  )
}

/** @throws {Error} if it is a JWT that cannot be decrypted or verified */
async function claimsIn(text: string, { decrypt, verify }: JwtReaders): Promise<unknown> {
  // A JWT, too, may end with a line break.
  const plain = (await decrypt('userinfo', text.trim())).trim()
  if (!isSignedJwt(plain)) return parsedJson(plain)
  if (verify === undefined) {
    throw new Error('it is signed, and the options issuer and jwksURL are needed to verify it')
  }
  return verify(plain, { sender: 'provider', required: ['sub'] })
}

/** A profile that came and cannot be used. */
export function unusable(message: string): ProfileError {
  return new ProfileError(message, { phase: 'profile', httpStatus: 200 })
}

/**
 * The reason is in the header, in the JSON of the body, or in both.
 *
 * @see [OpenID Connect Core, section 5.3.3 - UserInfo Error Response](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoError)
 */
function refused(answer: Answer, accessToken: string): ProfileError {
  const challenge = readChallenge(answer.headers['www-authenticate'])
  const body = parseBody(answer)
  const members = { ...(isObject(body) && body), ...challenge }
  const { said, facts } = refusalOf(answer, members, {
    secrets: () => [accessToken],
    clientAdvice: () => '',
    source: 'resource',
  })
  const scope = providerText(challenge.scope, [accessToken])
  const needed = scope === undefined ? '' : ` The access token needs the scope "${scope}".`
  return new ProfileError(
    `The profile could not be loaded: the provider answered ${said}${needed}`,
    {
      phase: 'profile',
      ...facts,
    },
  )
}

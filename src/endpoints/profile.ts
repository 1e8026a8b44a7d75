import { MAXIMUM_DEPTH, isObject, isTooDeep } from '../client/answer.js'
import type { ResourceClient } from '../client/requests.js'
import { rethrowAs } from '../client/transport.js'
import type { Answer } from '../client/transport.js'
import type { IdTokenClaims } from './id-token.js'
import { ConfigurationError, ProfileError } from '../errors/errors.js'
import { callAtOnce, callFunction } from '../options/call-function.js'
import type { ParsedProfile, Profile } from '../options/profile.js'
import { readUserInfo, unusable } from './userinfo-response.js'
import type { JwtReaders } from './userinfo-response.js'

/** How a provider's profiles are loaded and read. */
export interface ProfileSettings {
  /** The strategy's name, which is the profile's `provider`. */
  readonly name: string
  readonly profileURL?: string | undefined
  readonly customHeaders: Readonly<Record<string, string>>
  readonly tokenRequestFormat: 'form' | 'json'
  readonly parseProfile?: ((body: Record<string, unknown>) => ParsedProfile) | undefined
}

/**
 * The profile of the person to whom an access token belongs, from `profileURL`; `undefined` without one.
 *
 * @throws {ProfileError} if it cannot be loaded, cannot be read or trusted, or has no id
 * @throws {ConfigurationError} if `parseProfile` throws, or returns no object
 * @throws {DiscoveryError} if the keys that it is signed with cannot be loaded
 * @see [RFC 6750, section 2.1 - Authorization Request Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-2.1)
 */
export function createRequestProfile(
  settings: ProfileSettings,
  resources: ResourceClient,
  readers: JwtReaders,
): ReadProfile {
  const { profileURL } = settings
  if (profileURL === undefined) return () => Promise.resolve(undefined)
  const accept = `application/json${readers.verify === undefined ? '' : ', application/jwt'}`
  return async (accessToken) => {
    const answer = await get(profileURL, accept, accessToken, settings, resources)
    return toProfile(await readUserInfo(answer, accessToken, readers), settings)
  }
}

function get(
  url: string,
  accept: string,
  accessToken: string,
  { customHeaders, tokenRequestFormat }: ProfileSettings,
  resources: ResourceClient,
): Promise<Answer> {
  const headers = {
    ...customHeaders,
    accept,
    // Askara documents a content type on this request, though it has no body.
    ...(tokenRequestFormat === 'json' && { 'content-type': 'application/json' }),
  }
  return resources
    .send({ method: 'GET', url, headers }, accessToken)
    .catch(rethrowAs(ProfileError, 'The profile could not be loaded', 'profile'))
}

/** Reads the profile that belongs to an access token; `undefined` if the provider has none. */
export type ReadProfile = (accessToken: string) => Promise<Profile | undefined>

/** Whether and how profiles are loaded. */
export interface LoadProfileSettings extends ProfileSettings {
  readonly skipUserProfile: boolean | ((accessToken: string) => boolean | Promise<boolean>)
}

/**
 * The profile of the person who has logged in: the loaded one or, if it is skipped or there is none, the claims of the
 * ID token; `undefined` without these.
 *
 * @throws {ProfileError} if it cannot be loaded, is about another person than the ID token, or has no id
 */
export async function loadProfile(
  accessToken: string,
  claims: IdTokenClaims | undefined,
  readProfile: ReadProfile,
  settings: LoadProfileSettings,
): Promise<Profile | undefined> {
  const { skipUserProfile } = settings
  const skip =
    typeof skipUserProfile === 'function'
      ? await callFunction('skipUserProfile', () => skipUserProfile(accessToken))
      : skipUserProfile
  const loaded = skip ? undefined : await readProfile(accessToken)
  return claims === undefined ? loaded : profileOfPerson(loaded, claims, settings)
}

/**
 * The loaded profile, if it is about the person of the ID token; without one, the claims of the ID token.
 *
 * @throws {ProfileError} if the loaded profile is about another person, or has no `sub`, or the ID token is
 *   nested too deep
 * @see [OpenID Connect Core, section 5.3.2 - Successful UserInfo Response](https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse)
 */
function profileOfPerson(
  loaded: Profile | undefined,
  claims: IdTokenClaims,
  settings: ProfileSettings,
): Profile {
  if (loaded === undefined) {
    if (isTooDeep(claims)) {
      throw unusable(`The ID token is nested deeper than ${MAXIMUM_DEPTH} levels.`)
    }
    const { name, profileURL, parseProfile } = settings
    // With a `profileURL`, `parseProfile` is for its document. The claims of ID tokens have standard names.
    return toProfile(claims, profileURL === undefined ? { name, parseProfile } : { name })
  }
  const document = loaded._json as Profile['_json'] | undefined
  const subject = document?.['sub']
  if (subject === claims.sub) return loaded
  // A document with its own `parseProfile` need not be a UserInfo response, which always has a `sub`.
  const isOwn = settings.parseProfile !== undefined || document === undefined
  if (subject === undefined && isOwn) return loaded
  throw unusable(
    subject === undefined
      ? 'The profile has no "sub", so it cannot be known whether it is about the person of the ID token. Say how to read it with the option parseProfile, or leave out profileURL.'
      : 'The profile is about another person than the ID token.',
  )
}

/** @throws {ProfileError} if it has no id: its person could not be told from others */
function toProfile(
  body: Record<string, unknown>,
  { name, parseProfile }: Pick<ProfileSettings, 'name' | 'parseProfile'>,
): Profile {
  const {
    id: given,
    displayName,
    email,
    emailVerified,
  } = parseProfile === undefined ? parseStandardProfile(body) : parsedBy(parseProfile, body)
  const id = identifier(given)
  if (id === undefined) {
    throw unusable(
      parseProfile === undefined
        ? 'The profile has no id: it has neither a "sub" nor an "id". Read its id with the option parseProfile, or leave out profileURL.'
        : 'The profile has no id: parseProfile returned none for it.',
    )
  }
  return {
    provider: name,
    id,
    ...(displayName !== undefined && { displayName }),
    ...(email !== undefined && { emails: [{ value: email }] }),
    ...(email !== undefined && emailVerified !== undefined && { emailVerified }),
    _json: body,
  }
}

/** @throws {ConfigurationError} if the application's function throws, or returns no object */
function parsedBy(
  parseProfile: NonNullable<ProfileSettings['parseProfile']>,
  body: Record<string, unknown>,
): ParsedProfile {
  const parsed: unknown = callAtOnce('parseProfile', () => parseProfile(body))
  if (isObject(parsed)) return parsed as unknown as ParsedProfile
  throw new ConfigurationError('parseProfile must return an object with an id.', 'parseProfile')
}

/** @see [OpenID Connect Core, section 5.1 - Standard Claims](https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims) */
function parseStandardProfile(body: Record<string, unknown>): ParsedProfile {
  const { sub, id, name, email, email_verified: emailVerified } = body
  return {
    id: identifier(sub) ?? identifier(id),
    displayName: nonEmpty(name),
    email: nonEmpty(email),
    emailVerified: truth(emailVerified),
  }
}

/** Apple sends `"true"` and `"false"` as text. Everything else says nothing. */
function truth(value: unknown): boolean | undefined {
  if (value === true || value === 'true') return true
  return value === false || value === 'false' ? false : undefined
}

/** GitHub and others identify users by numbers. */
function identifier(value: unknown): string | undefined {
  // Above 2^53, two people's numbers could be read as the same.
  return Number.isSafeInteger(value) ? String(value) : nonEmpty(value)
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

import { isObject } from '../client/answer.js'
import { basicCredentials, formEncoded, unencoded } from '../client/basic-credentials.js'
import { ConfigurationError } from '../errors/setup-errors.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import { github } from '../providers/github.js'
import { linkedin } from '../providers/linkedin.js'
import { salesforce } from '../providers/salesforce.js'
import { slack } from '../providers/slack.js'
import type { Donor, KnownDonor } from './donor.js'
import type { KnownOverrides } from './donor-overrides.js'

/** `undefined` counts as left out. */
type Options = {
  readonly [Name in keyof AuthorizationCodeOptions]?: AuthorizationCodeOptions[Name] | undefined
}

/**
 * What is known of providers and holds for their donors, too, by the end of the host of the token endpoint: names of errors,
 * and that they have no PKCE.
 */
const PROVIDERS: readonly (readonly [string, Options])[] = [
  ['appleid.apple.com', { dangerouslyOmitPkce: true }],
  ['github.com', { parseTokenResponse: github.parseTokenResponse }],
  ['linkedin.com', { dangerouslyOmitPkce: linkedin.dangerouslyOmitPkce }],
  ['salesforce.com', { isGrantRefused: salesforce().isGrantRefused }],
  [
    'slack.com',
    {
      dangerouslyOmitPkce: slack.dangerouslyOmitPkce,
      parseTokenResponse: slack.parseTokenResponse,
    },
  ],
]

/** Headers of the donor's own requests, which ours have in other ways. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'authorization',
  'content-length',
  'content-type',
  'host',
])

/**
 * The options that a donor was created with, as passport-oauth2 and node-oauth keep them.
 *
 * @param clientSecret the secret that the donor makes for each request, if it does
 * @throws {ConfigurationError} if its `callbackURL` is relative or missing, and `given` has none
 */
export function donorOptions(
  donor: Donor,
  overrides: KnownOverrides,
  given: Options,
  clientSecret: () => Promise<string>,
): Options {
  const { _oauth2: client } = donor
  const tokenURL = client._getAccessTokenUrl()
  const isOwnSecret = overrides.getOAuthAccessToken && !client._clientSecret
  return {
    ...providerAt(tokenURL),
    name: donor.name,
    authorizationURL: `${client._baseSite ?? ''}${client._authorizeUrl}`,
    tokenURL,
    clientID: client._clientId,
    clientSecret: isOwnSecret ? clientSecret : unlessEmpty(client._clientSecret),
    ...(given.clientAuthentication === undefined && authentication(donor, isOwnSecret)),
    callbackURL: given.callbackURL ?? callbackOf(donor),
    scope: unlessEmpty(donor._scope),
    scopeSeparator: unlessEmpty(donor._scopeSeparator),
    customHeaders: headersOf(client._customHeaders),
    issuer: issuerOf(donor),
  }
}

/** What is known of the provider with this token endpoint. */
function providerAt(tokenURL: string): Options {
  if (!URL.canParse(tokenURL)) return {}
  const { hostname } = new URL(tokenURL)
  const isOf = (domain: string): boolean => hostname === domain || hostname.endsWith(`.${domain}`)
  return PROVIDERS.find(([domain]) => isOf(domain))?.[1] ?? {}
}

/**
 * How the donor authenticates: node-oauth sends the secret in the body. passport-bitbucket-oauth2 adds a header, and
 * \@davidzemon/passport-okta-oauth sends nothing else; neither encodes its parts.
 *
 * @throws {ConfigurationError} if it sends other credentials in a header
 */
function authentication({ name, _oauth2: client }: Donor, isOwnSecret: boolean): Options {
  const { _clientId: id, _clientSecret: secret } = client
  const header = Object.entries(client._customHeaders).find(
    ([header]) => header.toLowerCase() === 'authorization',
  )?.[1]
  if (header === basicCredentials(id, secret ?? '', unencoded)) {
    return { clientAuthentication: 'client_secret_basic', basicCredentials: 'raw' }
  }
  if (header === basicCredentials(id, secret ?? '', formEncoded)) {
    return { clientAuthentication: 'client_secret_basic' }
  }
  if (header !== undefined) {
    throw new ConfigurationError(
      `The customHeaders of the strategy '${name}' have an Authorization of their own, which adopt does not support. Leave it out there, and give adopt the option clientAuthentication.`,
      'clientAuthentication',
    )
  }
  if (!secret && !isOwnSecret) return { clientAuthentication: 'none' }
  return name === 'okta' && Object.hasOwn(client, 'getOAuthAccessToken')
    ? { clientAuthentication: 'client_secret_basic', basicCredentials: 'raw' }
    : { clientAuthentication: 'client_secret_post' }
}

function callbackOf({ name, _callbackURL: url }: Donor): string {
  if (url === undefined || url === '') {
    throw new ConfigurationError(
      `The strategy '${name}' has no callbackURL. Give adopt the one that is registered with the provider: adopt(strategy, { callbackURL: 'https://your-app.com/auth/callback' }).`,
      'callbackURL',
    )
  }
  if (/^https?:\/\//i.test(url)) return url
  throw new ConfigurationError(
    `The callbackURL of the strategy '${name}' is '${url}', which passport-oauth2 completes by the headers of each request, and a browser can set these. Give adopt the absolute one, as registered with the provider: adopt(strategy, { callbackURL: 'https://your-app.com${url.startsWith('/') ? '' : '/'}${url}' }).`,
    'callbackURL',
  )
}

function headersOf(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()))
      .map(([name, value]) => [name, String(value)]),
  )
}

/**
 * passport-auth0 validates ID tokens in its own `authenticate`, and knows its issuer. With it, the library validates them, and
 * `authenticate` is not needed. A subclass of it may have another name.
 */
function issuerOf({ options }: Donor): string | undefined {
  if (!isObject(options)) return undefined
  const { expectedIssuer } = options
  return typeof expectedIssuer === 'string' ? expectedIssuer : undefined
}

/** Whether the library does what the donor's `authenticate` is for. That of a subclass may be for something else. */
export function replacesAuthenticate({ donor, strategyPrototype }: KnownDonor): boolean {
  if (issuerOf(donor) === undefined) return false
  let own = 0
  for (let one: object = donor; one !== strategyPrototype;) {
    if (Object.hasOwn(one, 'authenticate')) own++
    one = Object.getPrototypeOf(one) as object
  }
  return own === 1
}

function unlessEmpty<Value>(value: Value): Value | undefined {
  return value === '' || value === null ? undefined : value
}

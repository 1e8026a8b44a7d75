import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { generateRandomCodeVerifier } from 'oauth4webapi'
import type { AuthorizationServer } from 'oauth4webapi'
import { failed, messageOf, ok, skipped, warning } from './finding.js'
import type { Verdict } from './finding.js'
import { adviceOnRefusedClient } from '../client/client-advice.js'
import { createClientKeys } from '../client/client-keys.js'
import { TransportError } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import type { TokenEndpoint } from '../endpoints/token.js'
import type { DiscoveryError, ProviderError } from '../errors/errors.js'
import { fixForNetworkCode } from '../errors/network-errors.js'
import { oauthErrorFrom } from '../errors/oauth-errors.js'
import { ERRORS } from '../errors/table.js'
import type { Settings } from '../options/read-options.js'
import { readMetadata } from '../providers/read-metadata.js'

/** The provider's metadata, if it could be read, and the verdict on it. */
export interface Discovered {
  readonly verdict: Verdict
  /** The metadata; left out if there is no issuer, or its metadata cannot be read. */
  readonly metadata?: AuthorizationServer
}

/**
 * Checks that the issuer's metadata can be read, and that its endpoints are those of the options.
 *
 * @see [RFC 8414, section 3 - Obtaining Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc8414.html#section-3)
 */
export async function checkDiscovery(
  { issuer, tokenURL, authorizationURL }: Settings,
  transport: Transport,
): Promise<Discovered> {
  if (issuer === undefined) return { verdict: skipped('no issuer is set') }
  try {
    const metadata = await readMetadata(new URL(issuer), transport)
    const differs =
      metadata.token_endpoint !== tokenURL || metadata.authorization_endpoint !== authorizationURL
    const verdict = differs
      ? warning(
          'the endpoints in the metadata and in the options differ',
          'Use discover(issuer) for the endpoints, or correct them.',
        )
      : ok(`the metadata of ${issuer} is valid`)
    return { verdict, metadata }
  } catch (error) {
    return { verdict: discoveryFailed(error) }
  }
}

/** The verdict on an issuer whose metadata cannot be read. */
export function discoveryFailed(error: unknown): Verdict {
  const { httpStatus, advice = '' } = error as Partial<DiscoveryError>
  const seen = messageOf(error)
  if (advice !== '') return failed(seen.slice(0, -advice.length).trimEnd(), advice)
  const cure =
    httpStatus === 200
      ? 'The metadata itself is not valid. Check that the issuer is the provider’s, and ask the provider.'
      : ERRORS.ERR_DISCOVERY.fix
  return failed(seen, cure)
}

/** The result of the first request to the token endpoint. */
export interface Reached {
  readonly verdict: Verdict
  /** How far this machine's clock is ahead of the response's `Date`, in **milliseconds**; left out if it has none. */
  readonly aheadMs?: number
}

/** Checks that the token endpoint can be reached, and that its certificate does not expire soon. */
export async function checkConnection(
  { tokenURL }: Settings,
  transport: Transport,
): Promise<Reached> {
  const url = new URL(tokenURL)
  try {
    const { headers } = await transport.send({ method: 'GET', url: tokenURL, headers: {} })
    const aheadMs = Date.now() - Date.parse(String(headers['date']))
    const verdict =
      url.protocol === 'http:'
        ? ok(`${url.host} answers; it is on this machine and uses no TLS`)
        : await checkCertificate(url)
    return { verdict, ...(!Number.isNaN(aheadMs) && { aheadMs }) }
  } catch (error) {
    const code = error instanceof TransportError ? error.networkCode : ''
    const seen = `${url.host} cannot be reached: ${messageOf(error)}`
    return { verdict: failed(seen, fixForNetworkCode(code)) }
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

/** From how long before its end a certificate causes a warning, in **days**. */
const SOON_DAYS = 14

/** Checks how long the certificate is still valid. */
async function checkCertificate({ hostname, port, host }: URL): Promise<Verdict> {
  const end = await new Promise<number>((resolve) => {
    // The request before has verified the certificate with the settings of the dispatcher, such as a private CA.
    // This connection only reads its end, and sends nothing.
    const socket = connect({
      host: hostname,
      port: Number(port || 443),
      // TLS does not allow an IP address as a server name.
      ...(isIP(hostname) === 0 && { servername: hostname }),
      rejectUnauthorized: false,
      timeout: 5000,
    })
    const finish = (validTo?: string): void => {
      socket.destroy()
      resolve(Date.parse(validTo ?? ''))
    }
    socket.once('secureConnect', () => finish(socket.getPeerCertificate().valid_to))
    socket.once('timeout', () => finish())
    socket.once('error', () => finish())
  })
  const days = Math.floor((end - Date.now()) / DAY_MS)
  if (Number.isNaN(days)) return ok(`${host} answers over TLS`)
  return days < SOON_DAYS
    ? warning(`the certificate of ${host} expires in ${days} days`, 'Ask the provider to renew it.')
    : ok(`${host} answers over TLS, its certificate is valid for ${days} days`)
}

/**
 * Checks that PKCE is on, and that the provider supports S256.
 *
 * @see [RFC 7636, section 4.2 - Client Creates the Code Challenge](https://www.rfc-editor.org/rfc/rfc7636.html#section-4.2)
 */
export function checkPkce(settings: Settings, metadata: AuthorizationServer | undefined): Verdict {
  if (settings.dangerouslyOmitPkce) {
    return warning('PKCE is off', 'Set dangerouslyOmitPkce: false if the provider supports PKCE.')
  }
  const offered = metadata?.code_challenge_methods_supported
  if (offered === undefined) return ok('S256 is sent; the provider does not say what it supports')
  return offered.includes('S256')
    ? ok('the provider supports S256')
    : failed(
        'the provider supports PKCE only without S256',
        'Ask the provider to support S256, or set dangerouslyOmitPkce: this package does not use plain.',
      )
}

/** Says which requests anybody on the way could read; `undefined` if there are none. */
export function checkPlainHttp({ dangerouslyAllowHttp = [] }: Settings): Verdict | undefined {
  if (dangerouslyAllowHttp.length === 0) return undefined
  return warning(
    `plain HTTP is allowed to ${dangerouslyAllowHttp.join(', ')}`,
    'Only while you develop: use HTTPS, and remove dangerouslyAllowHttp.',
  )
}

/** Checks that the provider lists the scopes that are asked for, if it lists any. */
export function checkScope(
  { scope, scopeSeparator, issuer }: Settings,
  metadata: AuthorizationServer | undefined,
): Verdict {
  if (scope === undefined) return warning('no scope is asked for', 'Set the option scope.')
  const requested = scope.split(scopeSeparator)
  const unknown = requested.filter((one) => metadata?.scopes_supported?.includes(one) === false)
  if (unknown.length > 0) {
    return warning(
      `the provider does not list ${unknown.join(', ')}`,
      'Check the spelling in the provider’s documentation.',
    )
  }
  if (
    metadata?.userinfo_endpoint !== undefined &&
    issuer !== undefined &&
    !requested.includes('openid')
  ) {
    return warning(
      `${scope} does not include openid`,
      'Add openid to the scope. Without it, there is no ID token, and usually no profile.',
    )
  }
  return ok(scope)
}

/** Checks that people come back from the provider's logout, and that the provider can end sessions here. */
export function checkLogout(
  settings: Settings,
  metadata: AuthorizationServer | undefined,
): Verdict {
  const { endSessionURL, backchannelLogout, frontchannelLogout } = settings
  const [postLogoutRedirectURL] = settings.postLogoutRedirectURL ?? []
  if (endSessionURL === undefined) {
    return skipped('no endSessionURL is set: people stay logged in at the provider')
  }
  if (postLogoutRedirectURL === undefined) {
    return warning(
      'no postLogoutRedirectURL is set: people who log out stay at the provider',
      'Register the address of /logged-out at the provider, and set it as postLogoutRedirectURL.',
    )
  }
  const isFrontOnly =
    metadata?.frontchannel_logout_supported === true &&
    metadata.backchannel_logout_supported !== true
  if (isFrontOnly && !frontchannelLogout && !backchannelLogout) {
    return ok(
      `people come back to ${postLogoutRedirectURL}; with frontchannelLogout: true, the provider could also end sessions here`,
    )
  }
  return ok(`people come back to ${postLogoutRedirectURL}`)
}

/** Checks that the private key can be read, and can sign. */
export async function checkKey(settings: Settings): Promise<Verdict> {
  const { privateKey, clientAuthentication } = settings
  if (privateKey === undefined) return skipped(`not used by ${clientAuthentication}`)
  try {
    const { keys } = await createClientKeys({ ...settings, privateKey }).publicKeys()
    const [first] = keys
    const name = first?.kid === undefined ? 'without a kid' : `kid ${first.kid}`
    return ok(`${keys.length} key(s), the first signs ${first?.alg ?? ''}, ${name}`)
  } catch (error) {
    return failed(
      messageOf(error),
      'Make a key with npx passport-authorization-code keygen, and register its public key with the provider.',
    )
  }
}

/** From how large a difference the clock causes a warning, in **seconds**. */
const CLOCK_WARNING_SECONDS = 5

/** From how large a difference providers refuse client assertions, in **seconds**. */
const CLOCK_FAILURE_SECONDS = 30

/** Checks that this machine's clock agrees with the provider's. */
export function checkClock(aheadMs: number | undefined): Verdict {
  if (aheadMs === undefined) return skipped('the provider sends no Date')
  const seconds = Math.round(aheadMs / 1000)
  const seen = `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the provider`
  const cure =
    'Set this machine’s clock by NTP: client assertions and ID tokens are valid for only a short time.'
  if (Math.abs(seconds) > CLOCK_FAILURE_SECONDS) return failed(seen, cure)
  return Math.abs(seconds) > CLOCK_WARNING_SECONDS ? warning(seen, cure) : ok(seen)
}

/** The errors of the token endpoint that concern the client, and not the code. */
const CLIENT_ERRORS: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client'])

/**
 * Checks the client's credentials, by exchanging a code that does not exist. A provider that accepts the credentials
 * answers `invalid_grant`.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export async function checkClient(
  settings: Settings,
  tokenEndpoint: TokenEndpoint,
): Promise<Verdict> {
  const {
    clientAuthentication: method,
    callbackURL: [redirectUri],
  } = settings
  try {
    await tokenEndpoint.exchange({
      code: 'a-code-that-does-not-exist',
      redirectUri,
      codeVerifier: settings.dangerouslyOmitPkce ? undefined : generateRandomCodeVerifier(),
    })
    return failed(
      'the provider has accepted a code that does not exist',
      'Do not use it for logins, and tell its operator.',
    )
  } catch (error) {
    const {
      error: oauthError = '',
      errorDescription = '',
      httpStatus,
    } = error as Partial<ProviderError>
    if (oauthError === 'invalid_grant')
      return ok(`the provider accepts the client’s credentials (${method})`)
    if (CLIENT_ERRORS.has(oauthError) || httpStatus === 401) {
      const isRegistration = oauthError === 'unauthorized_client' && httpStatus !== 401
      return failed(
        `the provider refuses the client (${oauthError || `HTTP ${httpStatus ?? ''}`})`,
        isRegistration
          ? (oauthErrorFrom('token', oauthError)?.fix ?? '')
          : adviceOnRefusedClient(settings, settings.tokenURL),
      )
    }
    if (settings.dpopKey === undefined && /dpop/i.test(`${oauthError} ${errorDescription}`)) {
      return failed(
        `the provider requires DPoP (${oauthError})`,
        'Set dpopKey, or let the provider issue bearer tokens to this client.',
      )
    }
    if (httpStatus === 404 || httpStatus === 405) {
      return failed(`there is no token endpoint (HTTP ${httpStatus})`, 'Check the tokenURL.')
    }
    return warning(
      `the answer does not say whether the client is accepted: ${messageOf(error)}`,
      'Log in once, and look at the error.',
    )
  }
}

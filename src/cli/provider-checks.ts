import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { generateRandomCodeVerifier } from 'oauth4webapi'
import type { AuthorizationServer } from 'oauth4webapi'
import { failed, messageOf, ok, skipped, warning } from './finding.js'
import type { Verdict } from './finding.js'
import { createClientKeys } from '../client/client-keys.js'
import { TransportError } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import type { ProviderError } from '../errors/errors.js'
import { fixForNetworkCode } from '../errors/network-errors.js'
import { CLIENT_FIXES } from '../errors/oauth-errors.js'
import { ERRORS } from '../errors/table.js'
import type { Settings } from '../options/read-options.js'
import type { TokenEndpoint } from '../endpoints/token.js'
import { readMetadata } from '../providers/discover.js'

/** The provider's metadata, and what is to be said of it. */
export interface Discovered {
  readonly verdict: Verdict
  readonly metadata?: AuthorizationServer
}

/** Whether the issuer's metadata is there, and says what the options say. */
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
          'the metadata names other endpoints than the options',
          'Take the endpoints from discover(issuer), or correct them.',
        )
      : ok(`the metadata of ${issuer} is valid`)
    return { verdict, metadata }
  } catch (error) {
    return { verdict: discoveryFailed(error) }
  }
}

/** What is wrong with an issuer whose metadata cannot be read. */
export function discoveryFailed(error: unknown): Verdict {
  const { httpStatus, networkCode } = error as Partial<ProviderError>
  if (networkCode !== undefined) return failed(messageOf(error), fixForNetworkCode(networkCode))
  const cure =
    httpStatus === 200
      ? 'What the issuer answers is at fault: check that it is the provider’s issuer, and ask the provider.'
      : ERRORS.ERR_DISCOVERY.fix
  return failed(messageOf(error), cure)
}

/** What the first answer of the token endpoint tells. */
export interface Reached {
  readonly verdict: Verdict
  /** How far this machine's clock is ahead of its `Date`, in **milliseconds**. */
  readonly aheadMs?: number
}

/** Whether the token endpoint can be reached, by a certificate that is good for a while. */
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
        ? ok(`${url.host} answers, without TLS on this machine`)
        : await checkCertificate(url)
    return { verdict, ...(!Number.isNaN(aheadMs) && { aheadMs }) }
  } catch (error) {
    const code = error instanceof TransportError ? error.networkCode : ''
    const seen = `${url.host} cannot be reached: ${messageOf(error)}`
    return { verdict: failed(seen, fixForNetworkCode(code)) }
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

/** How long before its end a certificate is worth a word, in **days**. */
const SOON_DAYS = 14

async function checkCertificate({ hostname, port, host }: URL): Promise<Verdict> {
  const end = await new Promise<number>((resolve) => {
    // The connection before this one has verified it, by the dispatcher's own rules. Nothing is sent here.
    const socket = connect({
      host: hostname,
      port: Number(port || 443),
      // An address is no server name.
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
  if (Number.isNaN(days)) return ok(`${host} answers by TLS`)
  return days < SOON_DAYS
    ? warning(`the certificate of ${host} ends in ${days} days`, 'Ask the provider to renew it.')
    : ok(`${host} answers by TLS, its certificate is good for ${days} days`)
}

/** Whether PKCE is used, and understood. */
export function checkPkce(settings: Settings, metadata: AuthorizationServer | undefined): Verdict {
  if (settings.dangerouslyOmitPkce) {
    return warning(
      'PKCE is off',
      'Turn it on by dangerouslyOmitPkce: false, if the provider has it.',
    )
  }
  const offered = metadata?.code_challenge_methods_supported
  if (offered === undefined) return ok('S256 is sent; the provider does not say what it supports')
  return offered.includes('S256')
    ? ok('the provider supports S256')
    : failed('the provider’s PKCE has no S256', 'Ask the provider; plain is not used here.')
}

/** Whether the provider knows the scopes that are asked for. */
export function checkScope(
  { scope, scopeSeparator, issuer }: Settings,
  metadata: AuthorizationServer | undefined,
): Verdict {
  if (scope === undefined) return warning('no scope is asked for', 'Set the option scope.')
  const asked = scope.split(scopeSeparator)
  const unknown = asked.filter((one) => metadata?.scopes_supported?.includes(one) === false)
  if (unknown.length > 0) {
    return warning(
      `the provider does not list ${unknown.join(', ')}`,
      'Check the spelling in the provider’s documentation.',
    )
  }
  if (
    metadata?.userinfo_endpoint !== undefined &&
    issuer !== undefined &&
    !asked.includes('openid')
  ) {
    return warning(
      `${scope}, without openid`,
      'Add openid to the scope: without it, there is no ID token, and mostly no profile.',
    )
  }
  return ok(scope)
}

/** Whether the private key can sign. */
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
      'Make a key by: npx passport-authorization-code keygen, and give the provider its public half.',
    )
  }
}

/** How far the clocks may be apart before it is worth a word, and before nothing works, in **seconds**. */
const CLOCK_WARNING_SECONDS = 5

const CLOCK_FAILURE_SECONDS = 30

/** Whether this machine's clock agrees with the provider's. */
export function checkClock(aheadMs: number | undefined): Verdict {
  if (aheadMs === undefined) return skipped('the provider sends no Date')
  const seconds = Math.round(aheadMs / 1000)
  const seen = `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the provider`
  const cure =
    'Let NTP set this machine’s clock: client assertions and ID tokens are valid for a short time.'
  if (Math.abs(seconds) > CLOCK_FAILURE_SECONDS) return failed(seen, cure)
  return Math.abs(seconds) > CLOCK_WARNING_SECONDS ? warning(seen, cure) : ok(seen)
}

/** Errors that are about the client and not about the code. */
const CLIENT_ERRORS: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client'])

/**
 * Whether the provider takes the client for who it is. It is asked with a code that nobody has given out:
 * `invalid_grant` is the answer to a client that was believed.
 *
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export async function checkClient(
  settings: Settings,
  tokenEndpoint: TokenEndpoint,
): Promise<Verdict> {
  const { clientAuthentication: method, callbackURL: redirectUri } = settings
  try {
    await tokenEndpoint.exchange({
      code: 'a-code-that-nobody-gave-out',
      redirectUri,
      codeVerifier: settings.dangerouslyOmitPkce ? undefined : generateRandomCodeVerifier(),
    })
    return failed('a made-up code was taken', 'This is no provider to trust with logins.')
  } catch (error) {
    const { error: said, httpStatus } = error as Partial<ProviderError>
    if (said === 'invalid_grant') return ok(`the client is known by ${method}`)
    if (CLIENT_ERRORS.has(said ?? '') || httpStatus === 401) {
      return failed(
        `the client is refused (${said ?? `HTTP ${httpStatus ?? ''}`})`,
        CLIENT_FIXES[method],
      )
    }
    if (httpStatus === 404 || httpStatus === 405) {
      return failed(`there is no token endpoint (HTTP ${httpStatus})`, 'Check the tokenURL.')
    }
    return warning(
      `cannot be told from the answer: ${messageOf(error)}`,
      'Try a login, and look at its error.',
    )
  }
}

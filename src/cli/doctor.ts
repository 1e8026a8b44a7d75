import { checkCallbackUrl, checkLogin } from './app-checks.js'
import type { RunningApplication } from './app-checks.js'
import { failed, messageOf, ok } from './finding.js'
import type { Finding, Verdict } from './finding.js'
import {
  checkClient,
  checkClock,
  checkConnection,
  checkDiscovery,
  checkKey,
  checkPkce,
  checkScope,
  discoveryFailed,
} from './provider-checks.js'
import { checkRedis } from './redis-check.js'
import { createClientAuthentication } from '../client/client-authentication.js'
import { createClientKeys, readSigningKey } from '../client/client-keys.js'
import { createProofOfPossession } from '../client/dpop.js'
import { createClientRequest } from '../client/requests.js'
import { createTransport } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { createTokenEndpoint } from '../endpoints/token.js'
import type { TokenEndpoint } from '../endpoints/token.js'
import { ConfigurationError, DiscoveryError } from '../errors/errors.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import { readOptions } from '../options/read-options.js'
import type { Settings } from '../options/read-options.js'

/** What is looked at. */
export interface Patient {
  readonly loadOptions: () => Promise<AuthorizationCodeOptions>
  readonly application?: RunningApplication | undefined
  readonly redisURL?: string | undefined
}

/** Each request's time, in **milliseconds**: somebody is waiting for the answer. */
const TIMEOUT_MS = 5000

/** Looks at a set-up, one thing after the other, and says what it finds. It never throws. */
export async function examine(patient: Patient): Promise<readonly Finding[]> {
  const { options, verdict } = await readSetup(patient)
  const redis = { check: 'Redis', ...(await checkRedis(patient.redisURL)) }
  if (options === undefined) return [verdict, redis]
  return [verdict, ...(await checkAll(options, patient.application)), redis]
}

async function readSetup({ loadOptions }: Patient): Promise<{
  readonly verdict: Finding
  readonly options?: Settings
}> {
  try {
    const options = readOptions({ timeoutMs: TIMEOUT_MS, ...(await loadOptions()) })
    return { verdict: { check: 'options', ...ok(`of ${options.name}`) }, options }
  } catch (error) {
    if (error instanceof DiscoveryError) {
      return { verdict: { check: 'discovery', ...discoveryFailed(error) } }
    }
    return { verdict: { check: 'options', ...optionsFailed(error) } }
  }
}

function optionsFailed(error: unknown): Verdict {
  const option = error instanceof ConfigurationError ? error.option : undefined
  const cure =
    option === undefined
      ? 'Set the options or the environment, see doctor --help.'
      : `Correct the option ${option}.`
  return failed(messageOf(error), cure)
}

async function checkAll(
  settings: Settings,
  application: RunningApplication | undefined,
): Promise<readonly Finding[]> {
  const transport = createTransport(settings)
  const { verdict: discovery, metadata } = await checkDiscovery(settings, transport)
  const { verdict: connection, aheadMs } = await checkConnection(settings, transport)
  const [login, cookie] = await checkLogin(settings, application, transport)
  const verdicts: Readonly<Record<string, Verdict>> = {
    discovery,
    connection,
    PKCE: checkPkce(settings, metadata),
    'callback URL': checkCallbackUrl(settings, application),
    scope: checkScope(settings, metadata),
    key: await checkKey(settings),
    clock: checkClock(aheadMs),
    client: await checkClientOf(settings, transport),
    login,
    cookie,
  }
  return Object.entries(verdicts).map(([check, verdict]) => ({ check, ...verdict }))
}

async function checkClientOf(settings: Settings, transport: Transport): Promise<Verdict> {
  try {
    return await checkClient(settings, tokenEndpointOf(settings, transport))
  } catch (error) {
    return optionsFailed(error)
  }
}

function tokenEndpointOf(settings: Settings, transport: Transport): TokenEndpoint {
  const { privateKey, dpopKey } = settings
  const keys = privateKey === undefined ? undefined : createClientKeys({ ...settings, privateKey })
  const dpop =
    dpopKey === undefined ? undefined : createProofOfPossession(readSigningKey(dpopKey, 'dpopKey'))
  const authenticate = createClientAuthentication(settings, keys)
  const request = createClientRequest(settings, transport, authenticate, dpop)
  return createTokenEndpoint(settings, request, undefined)
}

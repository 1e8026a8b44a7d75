import type { RequestListener } from 'node:http'
import { checkCallbackUrl, checkLogin, loginPathOf } from './app-checks.js'
import type { RunningApplication } from './app-checks.js'
import { inspectApplication } from './app-inspection.js'
import { checkAuthorization } from './authorization-check.js'
import { failed, messageOf, ok, skipped, warning } from './finding.js'
import type { Finding, Verdict } from './finding.js'
import { checkPostgres } from './postgres-check.js'
import type { CheckedPostgres } from './postgres-check.js'
import {
  checkClient,
  checkClock,
  checkConnection,
  checkDiscovery,
  checkKey,
  checkLogout,
  checkPkce,
  checkPlainHttp,
  checkScope,
  discoveryFailed,
} from './provider-checks.js'
import { printable, secretsOfOptions } from './printable.js'
import { checkRedis } from './redis-check.js'
import type { CheckedRedis } from './redis-check.js'
import { createTriedEndpoints } from './tried-endpoints.js'
import { createTransport } from '../client/transport.js'
import type { Transport } from '../client/transport.js'
import { ConfigurationError, DiscoveryError } from '../errors/errors.js'
import type { AuthorizationCodeOptions, LateProviderOptions } from '../options/options.js'
import { readOptionsAtStart } from '../options/read-options-at-start.js'
import type { Settings } from '../options/read-options.js'

/** The parts of a set-up that are checked. */
export interface CheckedSetup {
  /** Loads the options of the strategy. If it throws, the error becomes a finding. */
  readonly loadOptions: () => Promise<AuthorizationCodeOptions | LateProviderOptions>
  /** The running application; left out, its login route is not checked. */
  readonly application?: RunningApplication | undefined
  /** Loads the application, to see its middleware; left out, that is not checked. */
  readonly loadApplication?: (() => Promise<RequestListener>) | undefined
  /** The path of its login route. @default `/login` beside the callback route, as with `authRouter` */
  readonly loginPath?: string | undefined
  /** How many processes of it run. @default 1 */
  readonly processes?: number | undefined
  /** The Redis of the grants; without an address, Redis is not checked. */
  readonly redis?: Omit<CheckedRedis, 'secret'>
  /** The PostgreSQL of the grants; without an address, PostgreSQL is not checked. */
  readonly postgres?: Omit<CheckedPostgres, 'secret'>
  /** The secret of the grants. */
  readonly grantSecret?: string | undefined
  /** What no finding may show, in addition to the secrets among the options. */
  readonly secrets?: readonly string[] | undefined
}

/** How long each request may take, in **milliseconds**. Shorter than the strategy's default, because a person waits. */
const TIMEOUT_MS = 5000

/**
 * Runs all checks, one after another, and resolves to their findings, which can be printed: see {@link printable}. Never
 * throws: an error becomes a finding.
 */
export async function examine(setup: CheckedSetup): Promise<readonly Finding[]> {
  const { options, verdict } = await readSetup(setup)
  const stores = await checkStores(setup)
  const checks = options === undefined ? [] : await checkAll(options, setup)
  const secrets = [...(setup.secrets ?? []), ...secretsOfOptions(options ?? {})]
  return [verdict, ...checks, ...stores].map(({ seen, cure, ...finding }) => ({
    ...finding,
    seen: printable(seen, secrets),
    ...(cure !== undefined && { cure: printable(cure, secrets) }),
  }))
}

/** Checks the stores of grants. */
async function checkStores({
  redis = {},
  postgres = {},
  grantSecret: secret,
}: CheckedSetup): Promise<readonly Finding[]> {
  const inRedis = await checkRedis({ ...redis, secret })
  const inPostgres = await checkPostgres({ ...postgres, secret })
  // An application may have both, such as sessions in Redis and grants in PostgreSQL.
  const opened = [
    { check: 'grant secret, Redis', ...inRedis.secret },
    { check: 'grant secret, PostgreSQL', ...inPostgres.secret },
  ].filter((one): one is Finding => 'status' in one && one.status !== 'skipped')
  const [reason] = [inRedis, inPostgres].flatMap(({ secret: verdict }) => verdict ?? [])
  const unknown = skipped(
    secret === undefined
      ? 'GRANT_SECRET is not set: it must be the same in all processes'
      : 'no store of grants could be read',
  )
  return [
    { check: 'Redis', ...inRedis.store },
    { check: 'PostgreSQL', ...inPostgres.store },
    ...(opened.length > 1
      ? opened
      : [{ ...(opened[0] ?? reason ?? unknown), check: 'grant secret' }]),
  ]
}

/** Loads and reads the options. `options` is left out if they cannot be used, and the verdict says why. */
async function readSetup({ loadOptions }: CheckedSetup): Promise<{
  readonly verdict: Finding
  readonly options?: Settings
}> {
  try {
    const { complete } = readOptionsAtStart({ timeoutMs: TIMEOUT_MS, ...(await loadOptions()) })
    const options = typeof complete === 'function' ? await complete() : complete
    return { verdict: { check: 'options', ...ok(`of ${options.name}`) }, options }
  } catch (error) {
    if (error instanceof DiscoveryError) {
      return { verdict: { check: 'discovery', ...discoveryFailed(error) } }
    }
    return { verdict: { check: 'options', ...optionsFailed(error) } }
  }
}

/** The verdict on options that cannot be used, with the name of the wrong option if it is known. */
function optionsFailed(error: unknown): Verdict {
  const option = error instanceof ConfigurationError ? error.option : undefined
  const cure =
    option === undefined
      ? 'Set the options or the environment variables; doctor --help lists them.'
      : `Correct the option ${option}.`
  return failed(messageOf(error), cure)
}

/** The checks that need the options. Later checks use what earlier ones have found. */
async function checkAll(settings: Settings, setup: CheckedSetup): Promise<readonly Finding[]> {
  const { application, loadApplication } = setup
  const transport = createTransport(settings)
  const { verdict: discovery, metadata } = await checkDiscovery(settings, transport)
  const { verdict: connection, aheadMs } = await checkConnection(settings, transport)
  const [login, cookie, formAction] = await checkLogin(settings, application, transport)
  const plainHttp = checkPlainHttp(settings)
  const processes = checkProcesses(settings, setup)
  const [authorization, client] = await checkRequests(settings, transport)
  const verdicts: Readonly<Record<string, Verdict>> = {
    discovery,
    connection,
    ...(plainHttp && { 'plain HTTP': plainHttp }),
    PKCE: checkPkce(settings, metadata),
    'callback URL': checkCallbackUrl(settings, application),
    scope: checkScope(settings, metadata),
    logout: checkLogout(settings, metadata),
    key: await checkKey(settings),
    clock: checkClock(aheadMs),
    authorization,
    client,
    login,
    cookie,
    ...(formAction && { 'form-action': formAction }),
    ...(processes && { processes }),
  }
  const findings = Object.entries(verdicts).map(([check, verdict]) => ({ check, ...verdict }))
  if (loadApplication === undefined) return findings
  const path = loginPathOf(setup.loginPath, settings)
  const inspected = await inspectApplication(settings, loadApplication, path, transport)
  return [...findings, ...inspected]
}

/** Finds several processes whose tokens are in the sessions; `undefined` if nothing says that there are several. */
function checkProcesses(
  { grants }: Settings,
  { processes = 1, grantSecret }: CheckedSetup,
): Verdict | undefined {
  if (processes < 2 || grants !== undefined || grantSecret !== undefined) return undefined
  return warning(
    `${processes} processes, and the tokens are in the sessions`,
    'Set grants, such as new RedisGrants({ client, secret }): two processes would use one refresh token twice, and people would be logged out.',
  )
}

/** The checks that ask the provider as a login does. A key that cannot be used becomes a verdict, as in the check of the key. */
async function checkRequests(
  settings: Settings,
  transport: Transport,
): Promise<readonly [authorization: Verdict, client: Verdict]> {
  try {
    const { startLogin, token } = createTriedEndpoints(settings, transport)
    return [
      await checkAuthorization(settings, startLogin, transport),
      await checkClient(settings, token),
    ]
  } catch (error) {
    const verdict = optionsFailed(error)
    return [verdict, verdict]
  }
}

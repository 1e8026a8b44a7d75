import { OPTIONS } from '../options/read-options.js'
import type { Option } from '../options/option-table.js'

/** One value that `doctor` reads from its arguments or the environment. */
interface Setting {
  /** Its name in the environment, such as `CLIENT_ID`. */
  readonly variable: string
  /** Its argument, such as `client-id`; `undefined` if it may contain a secret, because other users can see arguments. */
  readonly argument: string | undefined
  /** What it is, for the help text; `undefined` for a rarely needed option, which the reference describes. */
  readonly help: string | undefined
}

/** Options whose value is a function, or an object with methods: only a module has those. */
const ONLY_IN_CODE: ReadonlySet<string> = new Set([
  'accountOf',
  'dispatcher',
  'grants',
  'isGrantRefused',
  'isTokenRefused',
  'onGrantRefused',
  'parseAuthorizationError',
  'parseProfile',
  'parseTokenResponse',
  'pendingLogins',
])

/** Secret options that few set-ups have. */
export const FURTHER_SECRETS: readonly string[] = ['decryptionKeys', 'dpopKey', 'tokenSecret']

/** The options of the strategy that can be set on the command line, by their name. Those without a help text are rarely needed. */
export const STRATEGY_SETTINGS: Readonly<Record<string, Setting>> = Object.fromEntries(
  Object.entries<Option>(OPTIONS)
    .filter(([name]) => !ONLY_IN_CODE.has(name))
    .map(([name, { help, secret }]) => [
      name,
      setting(variableOf(name), help, secret === true || FURTHER_SECRETS.includes(name)),
    ]),
)

/** The values that are not options of the strategy. */
const OTHER_SETTINGS: readonly Setting[] = [
  setting('CONFIG', 'a module whose default export is the strategy’s options'),
  setting('PROVIDER', 'a provider of this package, such as askara'),
  setting(
    'PROVIDER_ADDRESS',
    'what the provider’s function takes: an address, a domain, a tenant, Apple’s team ID',
  ),
  setting(
    'APP',
    'a module whose default export is the Express application, or a function that makes it',
  ),
  setting('APP_URL', 'the address of the running application that browsers use'),
  setting('LOGIN_PATH', 'the path of its login route, if it is not /login beside the callback'),
  setting('WEB_CONCURRENCY', 'how many processes of it run'),
  setting('REDIS_URL', 'the address of the Redis that it uses', true),
  setting('REDIS_PREFIX', 'the prefix of its RedisGrants, if it has that option'),
  setting('DATABASE_URL', 'the address of the PostgreSQL of its PostgresGrants', true),
  setting('DATABASE_SCHEMA', 'the schema of its PostgresGrants, if it has that option'),
  setting('GRANT_SECRET', 'the secret of its grants; several with commas between them', true),
]

/** All values that `doctor` reads, in the order of the help text. */
export const SETTINGS: readonly Setting[] = [
  ...OTHER_SETTINGS.slice(0, 3),
  ...Object.values(STRATEGY_SETTINGS),
  ...OTHER_SETTINGS.slice(3),
]

/** The environment variable of an option: `CLIENT_ID` for `clientID`. Some systems set `NAME` to that of the machine. */
function variableOf(option: string): string {
  if (option === 'name') return 'STRATEGY_NAME'
  return option.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()
}

/** Creates a setting. The argument is the variable in lower case with hyphens; a secret has none. */
function setting(variable: string, help: string | undefined, secret = false): Setting {
  const argument = secret ? undefined : variable.toLowerCase().replaceAll('_', '-')
  return { variable, argument, help }
}

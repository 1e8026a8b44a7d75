import { OPTIONS } from '../options/read-options.js'
import type { Option } from '../options/option-table.js'

/** One value that `doctor` takes from its arguments or the environment. */
interface Setting {
  /** Its name in the environment, such as `CLIENT_ID`. */
  readonly variable: string
  /** Its argument, such as `client-id`; `undefined` for what may hold a secret, which other users could see. */
  readonly argument: string | undefined
  readonly help: string
}

/** Options of the strategy that the command line takes, by their name. */
export const STRATEGY_SETTINGS: Readonly<Record<string, Setting>> = Object.fromEntries(
  Object.entries<Option>(OPTIONS).flatMap(([name, { help, secret }]) =>
    help === undefined ? [] : [[name, setting(variableOf(name), help, secret)]],
  ),
)

/** What else it is told. */
const OTHER_SETTINGS: readonly Setting[] = [
  setting('CONFIG', 'a module whose default export is the strategy’s options'),
  setting('PROVIDER', 'a provider of this package, such as askara'),
  setting('APP_URL', 'the address of the running application, as browsers see it'),
  setting('LOGIN_PATH', 'the path of its login route, if it is not beside the callback'),
  setting('REDIS_URL', 'the Redis that it uses', true),
]

/** Everything that `doctor` can be told. */
export const SETTINGS: readonly Setting[] = [
  ...OTHER_SETTINGS.slice(0, 2),
  ...Object.values(STRATEGY_SETTINGS),
  ...OTHER_SETTINGS.slice(2),
]

/** `clientID` is `CLIENT_ID` in the environment. */
function variableOf(option: string): string {
  return option.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()
}

function setting(variable: string, help: string, secret = false): Setting {
  const argument = secret ? undefined : variable.toLowerCase().replaceAll('_', '-')
  return { variable, argument, help }
}

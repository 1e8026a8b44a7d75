import { ConfigurationError } from '../errors/setup-errors.js'
import type { GivenOptions } from './given-options.js'

/** The name of the option, which is one of `discover` and of presets too. */
const OPTION = 'dangerouslyAllowHttp'

/** A host as it is in an address, with its port: `keycloak:8080`, `10.0.0.5:8080`, `[fd00::5]:8080`. */
const HOST = /^([a-z\d.-]+|\[[\da-f:.]+\])(:\d{1,5})?$/i

/** Reads the hosts that plain HTTP is allowed to. */
export function plainHttpHosts(value: readonly string[], name: string): readonly string[] {
  const isList =
    Array.isArray(value) && value.every((one) => typeof one === 'string' && HOST.test(one))
  if (!isList) {
    throw new ConfigurationError(
      `${name} must be a list of hosts with their ports, such as ['keycloak:8080'].`,
      name,
    )
  }
  if (process.env['NODE_ENV'] === 'production' && value.length > 0) {
    throw new ConfigurationError(
      `${name} is refused in production (NODE_ENV): everybody on the way would read the tokens. Use HTTPS.`,
      name,
    )
  }
  return value.map((host) => host.toLowerCase())
}

/** The hosts that options which are not checked yet allow plain HTTP to. */
export function plainHttpHostsIn(given: GivenOptions): readonly string[] {
  const value = given[OPTION]
  return value === undefined ? [] : plainHttpHosts(value as readonly string[], OPTION)
}

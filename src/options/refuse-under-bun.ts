import { ConfigurationError } from '../errors/setup-errors.js'
import type { GivenOptions } from './given-options.js'

/** Returns a reader that refuses the option under Bun, see {@link refuseUnderBun}, and otherwise reads as `read` does. */
export function notUnderBun<Type>(
  read: (value: unknown, name: string) => Type,
): (value: unknown, name: string) => Type {
  return (value, name) => {
    refuseUnderBun(name, name)
    return read(value, name)
  }
}

/**
 * Refuses what needs an undici dispatcher of the application's. An application under Bun that imports `undici` gets a
 * module of Bun's own, which takes the options of an agent and ignores them.
 *
 * @param what begins the message
 * @param versions of the runtime
 * @throws {ConfigurationError} naming the option, if the runtime is Bun
 */
export function refuseUnderBun(
  what: string,
  option: string,
  versions: GivenOptions = process.versions,
): void {
  if (versions['bun'] === undefined) return
  throw new ConfigurationError(
    `${what} is refused under Bun, whose own undici ignores the options of agents: a proxy, a private CA or a client's certificate would silently be missing. Run the application with Node.js, or do without.`,
    option,
  )
}

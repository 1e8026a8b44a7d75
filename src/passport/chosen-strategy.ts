import type { Request } from 'express'
import { serializeDefaultUsers } from './default-user.js'
import type { LoginStrategy } from './login-strategy.js'
import { refuseNameOf } from './refuse-shared-name.js'
import { noteStrategyOfRequest } from './strategies-of-session.js'
import { isStrategy, readStrategy } from './strategy-reader.js'

/**
 * Chooses the strategy of a request, in an application whose tenants have one each: `strategyFor` of `strategyPerTenant`, or a
 * function of your own. `undefined` says that the request has none, such as that of a tenant who does not exist.
 *
 * @example
 * ```ts
 * import type { ChooseStrategy } from 'passport-authorization-code'
 *
 * const strategies = new Map([['acme.your-app.com', strategy]])
 * const choose: ChooseStrategy = (req) => strategies.get(req.hostname)
 * ```
 */
export type ChooseStrategy = (
  req: Request,
) => LoginStrategy | undefined | Promise<LoginStrategy | undefined>

/** One strategy, or a function that chooses one for each request. */
export type StrategySource = LoginStrategy | ChooseStrategy

/** What is noted on each strategy that a function chooses. */
const notes = new WeakMap<ChooseStrategy, Set<NoteOnStrategy>>()

type NoteOnStrategy = (strategy: LoginStrategy) => void

/**
 * Returns the strategy, or the function that chooses one.
 *
 * @param name the option or argument that it was given as
 * @throws {ConfigurationError} saying what to pass instead
 */
export function readStrategySource(value: StrategySource, name: string): StrategySource {
  if (!isChoice(value) || isStrategy(value.prototype)) return readStrategy(value, name)
  // After a restart, people come back before the first strategy is created.
  serializeDefaultUsers()
  return value
}

/** Whether it is a function that chooses a strategy, and no strategy. */
export function isChoice(source: StrategySource): source is ChooseStrategy {
  return typeof source === 'function'
}

/** Notes something on a strategy, or on each strategy that a function chooses, for whatever route. */
export function noteOnStrategies(source: StrategySource, note: NoteOnStrategy): void {
  if (!isChoice(source)) note(source)
  else notes.set(source, (notes.get(source) ?? new Set()).add(note))
}

/**
 * The strategy of a request; `undefined` if it has none. Passport does not get to know a strategy that was chosen, which the
 * application may drop at any time: logging out finds it by the session.
 *
 * @param name the option or argument that the function was given as
 * @throws {ConfigurationError} if the function returns something else, or Passport has another provider's strategy of its name
 * @throws what the function throws
 */
export async function strategyOf(
  source: StrategySource,
  req: Request,
  name: string,
): Promise<LoginStrategy | undefined> {
  if (!isChoice(source)) return source
  const chosen = await source(req)
  if (chosen === undefined) return undefined
  const strategy = readStrategy(chosen, `What ${name} returns`)
  refuseNameOf(strategy)
  noteStrategyOfRequest(strategy)
  for (const note of notes.get(source) ?? []) note(strategy)
  return strategy
}

import passport from 'passport'
import type { LoginStrategy } from './login-strategy.js'

/** The part of a Passport instance that holds its strategies, by name. Passport has no public way to list them. */
interface StrategyRegistry {
  readonly _strategies: Readonly<Record<string, unknown>>
}

/** The strategies that the application has registered with `passport.use`, or by mounting {@link authRouter}. */
export function registeredStrategies(): readonly unknown[] {
  return Object.values((passport as unknown as StrategyRegistry)._strategies)
}

/** What the default Passport instance leaves on the requests that it has handled, and no other instance does. */
export function defaultManager(): object {
  return (passport as unknown as { readonly _sm?: object })._sm ?? passport
}

/** What Passport knows by a name. */
export function registeredAs(name: string): unknown {
  return (passport as unknown as StrategyRegistry)._strategies[name]
}

/** Registers a strategy under its name, unless that name is taken by a strategy of another kind. */
export function registerStrategy(strategy: LoginStrategy): void {
  const { _strategies: strategies } = passport as unknown as StrategyRegistry
  const present = strategies[strategy.name]
  if (present === undefined || present?.constructor === strategy.constructor) passport.use(strategy)
}

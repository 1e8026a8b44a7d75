import type { LoginStrategy } from './login-strategy.js'
import { registeredStrategies } from './registered-strategies.js'

/** On strategies with which people are logged in silently. One symbol for all copies of this package. */
const IS_SILENT = Symbol.for('passport-authorization-code silent login')

/** Notes that people are logged in silently with a strategy. */
export function noteSilentLogin(strategy: LoginStrategy): void {
  Object.defineProperty(strategy, IS_SILENT, { value: true, configurable: true })
}

/** The names of the strategies with which people are logged in silently: of this one and of those that Passport knows. */
export function silentStrategyNames(self: { readonly name: string }): readonly string[] {
  const silent = [self, ...registeredStrategies()].filter((one) => IS_SILENT in Object(one))
  return silent.map((one) => (one as LoginStrategy).name)
}

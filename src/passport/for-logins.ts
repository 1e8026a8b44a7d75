import type { LoginStrategy } from './login-strategy.js'

/** On strategies that people log in with. One symbol for all copies of this package. */
const IS_FOR_LOGINS = Symbol.for('passport-authorization-code for logins')

/** Notes that people log in with a strategy, by the routes of `authRouter`. */
export function noteForLogins(strategy: LoginStrategy): void {
  Object.defineProperty(strategy, IS_FOR_LOGINS, { value: true, configurable: true })
}

/** Whether people log in with it, as far as is known: routes of the application's own say nothing. */
export function isForLogins(strategy: object): boolean {
  return IS_FOR_LOGINS in strategy
}

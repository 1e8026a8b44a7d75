import type { LoginStrategy } from './login-strategy.js'
import { passportOf, registeredStrategies } from './registered-strategies.js'

/** What is noted on a strategy. Each is one symbol for all copies of this package. */
const MARKS = {
  silent: Symbol.for('passport-authorization-code silent login'),
  logins: Symbol.for('passport-authorization-code for logins'),
} as const

/** Notes that people are logged in silently with a strategy. */
export function noteSilentLogin(strategy: LoginStrategy): void {
  mark(strategy, 'silent')
}

/** The names of the strategies with which people are logged in silently: of this one and of those that Passport knows. */
export function silentStrategyNames(self: { readonly name: string }): readonly string[] {
  const silent = [self, ...registeredStrategies(passportOf(self))].filter((one) =>
    isMarked(one, 'silent'),
  )
  return silent.map((one) => (one as LoginStrategy).name)
}

/** Notes that people log in with a strategy, by the routes of `authRouter`. */
export function noteForLogins(strategy: LoginStrategy): void {
  mark(strategy, 'logins')
}

/** Whether people log in with it, as far as is known: routes of the application's own say nothing. */
export function isForLogins(strategy: object): boolean {
  return isMarked(strategy, 'logins')
}

function mark(strategy: LoginStrategy, name: keyof typeof MARKS): void {
  Object.defineProperty(strategy, MARKS[name], { value: true, configurable: true })
}

function isMarked(strategy: unknown, name: keyof typeof MARKS): boolean {
  return MARKS[name] in Object(strategy)
}

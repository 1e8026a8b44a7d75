import passport from 'passport'
import type { LoginStrategy } from './login-strategy.js'

/**
 * A Passport: the one that `import passport from 'passport'` brings here, another one that the application has made with
 * `new Passport()`, or that of a second copy of the package.
 */
export type PassportInstance = Pick<
  passport.Authenticator,
  'authenticate' | 'deserializeUser' | 'serializeUser' | 'use'
>

/** What Passport has no public way to read. */
interface PassportInside {
  /** Its strategies, by name. */
  readonly _strategies?: Readonly<Record<string, unknown>>
  /** What `passport.session()` and `passport.authenticate()` leave on the requests that they have handled. */
  readonly _sm?: object
}

/** Where a strategy has its Passport. It is one symbol for all copies of this package. */
const PASSPORT = Symbol.for('passport-authorization-code Passport')

/** Notes that a strategy belongs to a Passport of the application's own. */
export function notePassport(strategy: LoginStrategy, instance: PassportInstance): void {
  Object.defineProperty(strategy, PASSPORT, { value: instance, configurable: true })
}

/** The Passport that a strategy is known to belong to; `undefined` if nobody has said so. */
export function notedPassport(strategy: object): PassportInstance | undefined {
  return (strategy as { readonly [PASSPORT]?: PassportInstance })[PASSPORT]
}

/** The Passport of a strategy. */
export function passportOf(strategy: object): PassportInstance {
  return notedPassport(strategy) ?? passport
}

/** The strategies that an application has registered with `passport.use`, or by mounting {@link authRouter}. */
export function registeredStrategies(instance: PassportInstance = passport): readonly unknown[] {
  return Object.values((instance as PassportInside)._strategies ?? {})
}

/** What a Passport leaves on the requests that it has handled, and no other one does. */
export function managerOf(instance: PassportInstance = passport): object {
  return (instance as PassportInside)._sm ?? instance
}

/** What the Passport that has handled a request has left on it; `undefined` if none has. */
export function managerOn(request: object): object | undefined {
  return (request as { readonly _sessionManager?: object })._sessionManager
}

/** What a Passport knows by a name. */
export function registeredAs(name: string, instance: PassportInstance): unknown {
  return (instance as PassportInside)._strategies?.[name]
}

/** Registers a strategy under its name, unless that name is taken by a strategy of another kind. */
export function registerStrategy(strategy: LoginStrategy): void {
  const instance = passportOf(strategy)
  const present = registeredAs(strategy.name, instance)
  if (present === undefined || present?.constructor === strategy.constructor) instance.use(strategy)
}

import type { LoginStrategy } from './login-strategy.js'

/** Where the browser sees the routes of `authRouter`: where `callbackURL` leads. A proxy may put a prefix in front of them. */
export function pathOfRoutes({ callbackURL }: LoginStrategy): string {
  return new URL(callbackURL).pathname.replace(/\/callback\/?$/i, '')
}

/** Where a browser starts a login by the routes of `authRouter`. */
export function loginPathOf(strategy: LoginStrategy): string {
  return `${pathOfRoutes(strategy)}/login`
}

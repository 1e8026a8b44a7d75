import type { FailureInfo, LoginInfo } from '../login/login-options.js'

/** How an attempt ends: exactly one of Passport's actions. */
export type Outcome =
  | { readonly action: 'redirect'; readonly url: string }
  | { readonly action: 'success'; readonly user: Express.User; readonly info: LoginInfo }
  | { readonly action: 'fail'; readonly info: FailureInfo; readonly status: number }
  | { readonly action: 'error'; readonly error: unknown }

/**
 * Passport's actions for one attempt. Passport attaches them to the strategy just before it calls
 * `authenticate`: to a copy for this request, or, where it was given the strategy itself, to that one, for
 * the newest request. So they are read before anything is awaited.
 */
export function passportActions(strategy: object): (outcome: Outcome) => void {
  const { success, fail, redirect, error } = strategy as Actions
  return (outcome) => {
    switch (outcome.action) {
      case 'redirect':
        redirect(outcome.url)
        break
      case 'success':
        success(outcome.user, outcome.info)
        break
      case 'fail':
        fail(outcome.info, outcome.status)
        break
      case 'error':
        error(outcome.error)
        break
    }
  }
}

interface Actions {
  readonly success: (user: Express.User, info: object) => void
  readonly fail: (challenge: object, status: number) => void
  readonly redirect: (url: string) => void
  readonly error: (error: unknown) => void
}

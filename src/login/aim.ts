import type { LoginRequest } from '../lib/login-request.js'

/** Where the logins of requests that are being answered lead, for the pages that are shown if one fails. */
const aims = new WeakMap<LoginRequest, string>()

/** Remembers where the login of a request leads: a path of this origin. */
export function noteAim(request: LoginRequest, returnTo: string | undefined): void {
  if (returnTo !== undefined) aims.set(request, returnTo)
}

/** Where the login of a request leads: a path of this origin. `undefined` if that is not known. */
export function aimOf(request: LoginRequest): string | undefined {
  return aims.get(request)
}

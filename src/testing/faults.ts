import type { TestRefusal } from './refusal.js'
import type { TestEndpoint } from './server.js'

/**
 * A fault that a test provider can have:
 *
 * - `denied`, only at `authorize`: the person refuses the login
 * - `wrong_iss`, only at `authorize`: the callback has the `iss` of another issuer
 * - `invalid_grant`, only at `token`: the code or refresh token is refused
 * - `{ error: 'temporarily_unavailable' }`, at any endpoint: it refuses with this code, and with a `description` and a
 *   `status` if there are any. At `authorize`, the refusal is in the callback, or with a `status` on a page of the
 *   provider; at `userinfo` in `WWW-Authenticate`; else in JSON
 * - a status such as `503`, at any endpoint: an empty response with that status
 * - `{ slowMs: 500 }`, at any endpoint: the correct response, after so many **milliseconds**
 * - `hangs`, at any endpoint: no response
 */
export type TestFault =
  | 'denied'
  | 'wrong_iss'
  | 'invalid_grant'
  | 'hangs'
  | number
  | { readonly slowMs: number }
  | TestRefusal

/** The faults of future requests. */
export interface TestFaults {
  /** Adds a fault. @throws {TypeError} if the endpoint cannot have it */
  add(endpoint: TestEndpoint, fault: TestFault, times?: number): void
  /** Removes the next fault of an endpoint, and returns it. */
  take(endpoint: TestEndpoint): TestFault | undefined
  /** Removes all. */
  clear(): void
}

/** The endpoint of each fault that only one endpoint can have. */
const PLACES: Readonly<Record<string, TestEndpoint>> = {
  denied: 'authorize',
  invalid_grant: 'token',
  wrong_iss: 'authorize',
}

/** Keeps the faults of future requests, in the order in which they were added. */
export function createFaults(): TestFaults {
  let queue: { readonly endpoint: TestEndpoint; readonly fault: TestFault }[] = []
  return {
    add(endpoint, fault, times = 1) {
      if (typeof fault === 'string' && (PLACES[fault] ?? endpoint) !== endpoint) {
        throw new TypeError(`'${fault}' happens at '${PLACES[fault]}', not at '${endpoint}'.`)
      }
      for (let count = 0; count < times; count++) queue.push({ endpoint, fault })
    },
    take(endpoint) {
      const next = queue.find((one) => one.endpoint === endpoint)
      queue = queue.filter((one) => one !== next)
      return next?.fault
    },
    clear: () => (queue = []),
  }
}

/** The refusal that a fault is; `undefined` if it is another one. */
export function refusalIn(fault: TestFault | undefined): TestRefusal | undefined {
  if (fault === 'denied') return { error: 'access_denied' }
  if (fault === 'invalid_grant') return { error: 'invalid_grant', description: 'not valid here' }
  return typeof fault === 'object' && 'error' in fault ? fault : undefined
}

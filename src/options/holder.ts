import { ConfigurationError } from '../errors/setup-errors.js'
import type { LoginRequest } from '../lib/login-request.js'

/**
 * Whose grant is meant: that of a request's session, or, without a request, that of a person. A job that runs at night
 * uses the second.
 *
 * @example
 * ```ts
 * const token = await strategy.accessToken({ account: user.id })
 * ```
 */
export type Holder = LoginRequest | AccountHolder

/** A person, by your own id. Needs the option `grants`. */
export interface AccountHolder {
  /** Your own id of the person, as `accountOf` returns it. Their newest login that lives is used. */
  readonly account: string | number
  /** One of the person's grants: an id from `listGrants`. A grant of another account counts as absent. */
  readonly grant?: string | undefined
}

/** Whether the holder is a request. Applications put properties of any name on their requests. */
export function isRequest(holder: Holder): holder is LoginRequest {
  return 'headers' in Object(holder)
}

/** An account id as it is stored, as text; `undefined` if it is empty, or neither text nor a number. */
export function accountText(value: unknown): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined
}

/** @throws {ConfigurationError} if the value cannot be an account id */
export function requireAccount(value: unknown): string {
  const account = accountText(value)
  if (account !== undefined) return account
  throw new ConfigurationError(
    'An account is your own id of a person: a string that is not empty, or a number. Or pass a request.',
    'account',
  )
}

import { ConfigurationError } from '../errors/setup-errors.js'
import type { LoginRequest } from '../lib/login-request.js'

/**
 * Whose grant is meant: that of a request's session, or, without a request, that of a person. A job that runs at night
 * uses the second.
 *
 * @example
 * ```ts
 * const token = await strategy.accessToken({ account: user.account })
 * ```
 */
export type Holder = LoginRequest | AccountHolder

/** A person, by your own id. Needs the option `grants`. */
export interface AccountHolder {
  /**
   * Your own id of the person, as `accountOf` returns it; without `verify`, the user's `account`. Their newest login that
   * lives is used.
   */
  readonly account: string | number
  /** One of the person's grants: an id from `listGrants`. A grant of another account counts as absent. */
  readonly grant?: string
}

/** Whether the holder is a request. Applications put properties of any name on their requests. */
export function isRequest(holder: Holder): holder is LoginRequest {
  return 'headers' in Object(holder)
}

/**
 * The account, and the grant if one is named. A `grant` that is there without an id is a mistake: taken as left out, it
 * would mean all of the person's grants, and `endGrant` would end them.
 *
 * @throws {ConfigurationError} if it is not such a holder
 */
export function requireAccountHolder(holder: unknown): {
  readonly account: string
  readonly grant: string | undefined
} {
  const fields = Object(holder) as Readonly<Record<string, unknown>>
  const { account, grant } = fields
  const person = requireAccount(account)
  if (!('grant' in fields)) return { account: person, grant: undefined }
  if (typeof grant === 'string' && grant !== '') return { account: person, grant }
  throw new ConfigurationError(
    'grant must be an id from listGrants. Leave it out to mean the account, with all of its grants.',
    'grant',
  )
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
    'An account is your own id of a person: a string that is not empty, or a number. Pass { account: id }, or a request.',
    'account',
  )
}

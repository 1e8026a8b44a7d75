import { ConfigurationError } from '../errors/setup-errors.js'
import { accountText } from '../options/holder.js'
import { accountOfDefaultUser, isDefaultAccount, isDefaultUser } from './default-user.js'

/**
 * The account under which a user's grants are listed; `undefined` if they are not.
 *
 * @throws {ConfigurationError} if it could be the account of somebody else, or cannot be one
 */
export type AccountOf = (user: object) => string | undefined

/**
 * Creates {@link AccountOf}. A person's id at one provider says nothing about who has that id at the next. So an id
 * counts only if it is the application's own, or comes with its provider; of a user that leaves this open, the
 * application must say which it is.
 *
 * @param option see the option of this name
 */
export function createAccountOf(option: ((user: never) => unknown) | undefined): AccountOf {
  return (user) => {
    const account = accountIn(option === undefined ? defaultAccount(user) : option(user as never))
    if (isDefaultUser(user)) refuseBareId(account, user.id)
    else if (account !== undefined && isDefaultAccount(account)) {
      throw refusal(
        `The account '${account}' is one of a default user, which this user is not: a strategy without verify makes them. Set accountOf to a function that returns an id of your own.`,
      )
    }
    return account
  }
}

/** Without the option `accountOf`. */
function defaultAccount(user: object): unknown {
  if (isDefaultUser(user)) return accountOfDefaultUser(user)
  const { id, provider } = user as Readonly<Record<string, unknown>>
  if (id === undefined || id === null || typeof provider !== 'string') return id
  throw refusal(
    'The user has an id and a provider, like a profile, whose id another person can have at another provider. Set accountOf to a function that returns an id of your own: (user) => user.id if it is one, otherwise (user) => `${user.provider}:${user.id}`.',
  )
}

/** @throws {ConfigurationError} if it cannot be an account id */
function accountIn(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  const account = accountText(value)
  if (account !== undefined) return account
  throw refusal(
    'accountOf must return a string that is not empty, a number, or undefined. Without the option, it is the id of the user that verify returns.',
  )
}

/** @throws {ConfigurationError} if the account is only the id at the provider */
function refuseBareId(account: string | undefined, id: string | undefined): void {
  if (account === undefined || account !== accountText(id)) return
  throw refusal(
    'accountOf returned the id of a default user, which another person can have at another provider. Return user.account, or leave accountOf out.',
  )
}

function refusal(message: string): ConfigurationError {
  return new ConfigurationError(message, 'accountOf')
}

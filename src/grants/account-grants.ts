import { ConfigurationError } from '../errors/setup-errors.js'
import { accountName, loginsName } from './index-names.js'
import { hasEnded } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import { isRenewable } from './line-state.js'
import { validTokensOf } from './uses.js'

/** One grant of a person. */
export interface AccountGrant {
  readonly id: string
  readonly record: GrantRecord
}

/** Finds the grants of a person in a store, for one strategy. */
export interface AccountGrants {
  /** The strategy's name. */
  readonly name: string
  /** The grants that have not ended, the newest login first. @throws {StorageError} */
  readonly of: (account: string) => Promise<readonly AccountGrant[]>
  /** The logins that use grants which survive them, and have not ended. @throws {StorageError} */
  readonly loginsOf: (account: string) => Promise<readonly AccountGrant[]>
  /** The grant of this id; `undefined` if it has ended, is another account's, or is a login that uses a grant. @throws {StorageError} */
  readonly find: (account: string, id: string) => Promise<AccountGrant | undefined>
}

/** Creates {@link AccountGrants}. */
export function createAccountGrants(parts: {
  readonly engine: { read(id: string, strategy: string): Promise<GrantRecord | undefined> }
  readonly index: { list(name: string): AsyncIterable<readonly string[]> }
  /** The strategy's name, and what identifies it in records. */
  readonly name: string
  readonly strategy: string
}): AccountGrants {
  const { engine, index, name, strategy } = parts

  async function read(account: string, id: string): Promise<AccountGrant | undefined> {
    const record = await engine.read(id, strategy)
    if (record === undefined || hasEnded(record) || record.of.account !== account) return undefined
    return { id, record }
  }

  async function listed(listName: string, account: string): Promise<AccountGrant[]> {
    const found: AccountGrant[] = []
    for await (const ids of index.list(listName)) {
      const grants = await Promise.all(ids.map((id) => read(account, id)))
      found.push(...grants.filter((grant) => grant !== undefined))
    }
    return found.sort((one, other) => loginOf(other) - loginOf(one))
  }

  return {
    name,
    async find(account, id) {
      const found = await read(account, id)
      return found?.record.of.through === undefined ? found : undefined
    },
    of: (account) => listed(accountName(name, account), account),
    loginsOf: (account) => listed(loginsName(name, account), account),
  }
}

function loginOf({ record: { loggedInAt, createdAt } }: AccountGrant): number {
  return loggedInAt ?? createdAt
}

/** Whether the grant has an access token that has not expired, or may get one without the person. */
export function isAlive({ lines }: GrantRecord, now: number): boolean {
  return lines.some((line) => isRenewable(line, now) || validTokensOf(line, now).length > 0)
}

/** @throws {ConfigurationError} if tokens are in the sessions, where they cannot be found without a request */
export function needStore(accountGrants: AccountGrants | undefined): AccountGrants {
  if (accountGrants !== undefined) return accountGrants
  throw new ConfigurationError(
    'Tokens are in the sessions, where only those of one request can be found. To find or list them by account, set grants, such as new RedisGrants({ client, secret }).',
    'grants',
  )
}

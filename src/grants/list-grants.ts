import type { LoginRequest } from '../lib/login-request.js'
import { isRequest, requireAccountHolder } from '../options/holder.js'
import type { Holder } from '../options/holder.js'
import { isAlive, needStore } from './account-grants.js'
import type { AccountGrant, AccountGrants } from './account-grants.js'
import type { SessionGrant } from './found-grant.js'

/** One of a person's grants, without its tokens. */
export interface ListedGrant {
  /** For `{ account, grant: id }`. */
  readonly id: string
  /** The strategy's `name`. */
  readonly strategy: string
  /** The person's id at the provider, such as the `sub` of its ID tokens. Left out if that is not known. */
  readonly subject?: string
  /** What the person has granted, as the provider sent it. Left out if it sent no scope. */
  readonly scope?: string
  /** When the grant began, in **milliseconds since the epoch**. */
  readonly createdAt: number
  /** When its tokens were last obtained, in **milliseconds since the epoch**. */
  readonly renewedAt: number
  /** Whether it no longer gives access, because it has expired or the provider has refused it. */
  readonly loginRequired: boolean
  /** Whether the request that asks uses this one. `false` without a request. */
  readonly current: boolean
}

/** The grants of a person: by account, or of who is logged in on a request. The newest login comes first. */
export type ListGrants = (whose: string | number | Holder) => Promise<readonly ListedGrant[]>

/** Creates {@link ListGrants} for one strategy. */
export function createListGrants(parts: {
  /** The strategy's name. */
  readonly name: string
  readonly accountGrants: AccountGrants | undefined
  readonly sessionGrant: SessionGrant
  /** The account of who is logged in on a request. */
  readonly accountOn: (request: LoginRequest) => string | undefined
}): ListGrants {
  const { name, accountGrants, sessionGrant, accountOn } = parts

  return async (whose) => {
    const grants = needStore(accountGrants)
    const holder = typeof whose === 'object' ? whose : { account: whose }
    const request = isRequest(holder) ? holder : undefined
    const { account, grant } = isRequest(holder)
      ? { account: accountOn(holder), grant: undefined }
      : requireAccountHolder(holder)
    if (account === undefined) return []
    const own = request === undefined ? undefined : await sessionGrant.find(request)
    const current = typeof own === 'object' ? own.id : undefined
    const all = await grants.of(account)
    return all.filter(({ id }) => id === (grant ?? id)).map((one) => listed(one, name, current))
  }
}

function listed(
  { id, record }: AccountGrant,
  strategy: string,
  current: string | undefined,
): ListedGrant {
  const [line] = record.lines
  const scope = line?.tokens.scope
  const { subject } = record.of
  const obtained = record.lines.map(({ obtainedAt }) => obtainedAt ?? record.createdAt)
  return {
    id,
    strategy,
    ...(subject !== undefined && { subject }),
    ...(scope !== undefined && { scope }),
    createdAt: record.createdAt,
    renewedAt: Math.max(...obtained),
    loginRequired: !isAlive(record, Date.now()),
    current: id === current,
  }
}

import { ConfigurationError } from '../errors/setup-errors.js'
import type { SessionEnds } from './session-ends.js'

/** Where {@link StoredGrants} has its parts. All copies of this package share the symbol. */
export const GRANT_PARTS: unique symbol = Symbol.for('passport-authorization-code.grants') as never

/** Grants in a store: the option `grants`. `RedisGrants`, `MemoryGrants` and `Grants` are such. */
export interface StoredGrants extends SessionEnds {
  /** For this package only. */
  readonly [GRANT_PARTS]: unknown
}

/** Reads the option `grants`. */
export function storedGrants(value: unknown, name: string): StoredGrants {
  if ((Object(value) as Partial<StoredGrants>)[GRANT_PARTS] !== undefined)
    return value as StoredGrants
  throw new ConfigurationError(
    `${name} must be a RedisGrants, a PostgresGrants, a MemoryGrants or, for a store of your own, new Grants(store, { secret }).`,
    name,
  )
}

import { readTable } from '../options/option-table.js'
import type { OptionsOf } from '../options/option-table.js'
import { Grants } from './grants.js'
import { redisRecordIds } from './redis-record-ids.js'
import type { Resealed } from './reseal.js'
import { REDIS_GRANTS_OPTIONS, createRedisStore } from './redis-store.js'
import type { RedisStoreSettings } from './redis-store.js'

/** The options of {@link RedisGrants}. */
export type RedisGrantsOptions = OptionsOf<typeof REDIS_GRANTS_OPTIONS>

/**
 * Grants in Redis: the option `grants`, for an application that runs as several processes. Tokens are stored there,
 * sealed, and each session holds only the id of its grant.
 *
 * Clients of node-redis (versions 4 to 6) and ioredis (5 and 6) are accepted, for a single server, Sentinel and Cluster.
 * Configure Redis with `maxmemory-policy noeviction`, and with persistence if logins are to survive its restart.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy } from 'passport-authorization-code'
 * import { RedisGrants } from 'passport-authorization-code/redis'
 * import { createClient } from 'redis'
 *
 * const client = await createClient({ url: 'redis://localhost:6379' }).connect()
 * const grants = new RedisGrants({ client, secret: process.env['GRANT_SECRET'] ?? '' })
 * passport.use(new AuthorizationCodeStrategy({ ...options, grants }))
 * ```
 */
export class RedisGrants extends Grants {
  readonly #settings: RedisStoreSettings

  /** @throws {ConfigurationError} if `client` cannot be used, the secret is too short, or an option is unknown */
  constructor(options: RedisGrantsOptions) {
    const { client, secret, prefix, commandTimeoutMs, cacheSeconds } = readTable(
      REDIS_GRANTS_OPTIONS,
      options,
      'new RedisGrants({ client: await createClient({ url }).connect(), secret: process.env.GRANT_SECRET })',
    )
    const settings = { client, prefix, commandTimeoutMs }
    super(createRedisStore(settings), { secret, cacheSeconds })
    this.#settings = settings
  }

  /**
   * Seals all grants anew that are not sealed with the first secret. Afterwards, the other secrets can be removed.
   * Grants are also sealed anew whenever they are written, so this is for those that nobody uses.
   *
   * Call it in one process, once all processes have the new secret in front. It reads the names of all keys in the
   * database, a few hundred at a time, and can be called again if it was interrupted.
   *
   * @example
   * ```ts
   * import type { RedisGrants } from 'passport-authorization-code/redis'
   *
   * declare const grants: RedisGrants // new RedisGrants({ client, secret: [newSecret, oldSecret] })
   *
   * const { resealed, unreadable } = await grants.reseal()
   * console.log(`${resealed} grants were sealed anew. ${unreadable} have another secret.`)
   * ```
   *
   * @throws {StorageError} if Redis fails
   */
  reseal(): Promise<Resealed> {
    return this.resealAll(redisRecordIds(this.#settings))
  }
}

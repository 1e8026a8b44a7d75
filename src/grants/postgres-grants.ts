import { readTable } from '../options/option-table.js'
import type { OptionsOf } from '../options/option-table.js'
import { storeCall } from './claims.js'
import { Grants } from './grants.js'
import { postgresRecordIds } from './postgres-record-ids.js'
import { missingRelations, postgresSetUp } from './postgres-schema.js'
import { createPostgresRunner } from './postgres-statements.js'
import { POSTGRES_GRANTS_OPTIONS, createPostgresStore } from './postgres-store.js'
import type { PostgresStoreSettings } from './postgres-store.js'
import type { Resealed } from './reseal.js'

/** The options of {@link PostgresGrants}. */
export type PostgresGrantsOptions = OptionsOf<typeof POSTGRES_GRANTS_OPTIONS>

/** How long creating the tables may take, in **milliseconds**: processes that start at the same time wait for each other. */
const SET_UP_TIMEOUT_MS = 30_000

/**
 * Grants in PostgreSQL: the option `grants`, for tokens in the application's own database, and for an application that
 * runs as several processes. Tokens are stored there, sealed, and each session holds only the id of its grant.
 *
 * @example
 * ```ts
 * import { AuthorizationCodeStrategy } from 'passport-authorization-code'
 * import { PostgresGrants } from 'passport-authorization-code/postgres'
 * import { Pool } from 'pg'
 *
 * const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })
 * const grants = new PostgresGrants({ pool, secret: process.env['GRANT_SECRET'] ?? '' })
 * await grants.setUp() // creates the tables
 * passport.use(new AuthorizationCodeStrategy({ ...options, grants }))
 * ```
 */
export class PostgresGrants extends Grants {
  readonly #settings: PostgresStoreSettings

  /** @throws {ConfigurationError} if `pool` cannot be used, the secret is too short, or an option is unknown */
  constructor(options: PostgresGrantsOptions) {
    const { pool, secret, schema, queryTimeoutMs, cacheSeconds } = readTable(
      POSTGRES_GRANTS_OPTIONS,
      options,
      'new PostgresGrants({ pool: new Pool({ connectionString }), secret: process.env.GRANT_SECRET })',
    )
    const settings = { pool, schema, queryTimeoutMs }
    super(createPostgresStore(settings), { secret, cacheSeconds })
    this.#settings = settings
  }

  /**
   * Creates the schema, the tables and their indexes, if they are not there. All processes may call it at start. A user
   * of the database who may not create tables can call it too, once they are there.
   *
   * An application with migrations does not need it: `npx passport-authorization-code sql` prints the statements.
   *
   * @example
   * ```ts
   * import type { PostgresGrants } from 'passport-authorization-code/postgres'
   *
   * declare const grants: PostgresGrants // new PostgresGrants({ pool, secret })
   *
   * await grants.setUp()
   * ```
   *
   * @throws {StorageError} if the database cannot be reached, or its user may not create what is missing
   */
  async setUp(): Promise<void> {
    const { pool, schema } = this.#settings
    const run = createPostgresRunner(pool, { timeoutMs: SET_UP_TIMEOUT_MS })
    await storeCall(async () => {
      const missing = await missingRelations(schema, (text, values) => run(text, ...values))
      if (missing.length > 0) await run(postgresSetUp(schema))
    })
  }

  /**
   * Seals all grants anew that are not sealed with the first secret. Afterwards, the other secrets can be removed.
   * Grants are also sealed anew whenever they are written, so this is for those that nobody uses.
   *
   * Call it in one process, once all processes have the new secret in front. It reads the ids of all records, a few
   * hundred at a time, and can be called again if it was interrupted.
   *
   * @example
   * ```ts
   * import type { PostgresGrants } from 'passport-authorization-code/postgres'
   *
   * declare const grants: PostgresGrants // new PostgresGrants({ pool, secret: [newSecret, oldSecret] })
   *
   * const { resealed, unreadable } = await grants.reseal()
   * console.log(`${resealed} grants were sealed anew. ${unreadable} have another secret.`)
   * ```
   *
   * @throws {StorageError} if PostgreSQL fails
   */
  async reseal(): Promise<Resealed> {
    return storeCall(() => this.resealAll(postgresRecordIds(this.#settings)))
  }
}

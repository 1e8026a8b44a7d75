import { RedisStore } from 'connect-redis'
import type { Store } from 'express-session'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { readPostgresPool } from '../../src/grants/postgres-pool.js'
import { createPostgresStore } from '../../src/grants/postgres-store.js'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import { createRedisStore } from '../../src/grants/redis-store.js'
import { Grants, guardSessionStore } from '../../src/index.js'
import type { GrantStore } from '../../src/index.js'
import { watchedGrants, watchSessions } from './watched-stores.js'
import type { OnKept } from './watched-stores.js'

/** Where the tokens are. Sessions are in Redis always. */
export type TokenPlace = 'session' | 'redis' | 'postgres'

/** How a process of the application finds what it stores. */
export interface PlaceOptions {
  readonly tokens: TokenPlace
  readonly redisPort: number
  /** The address of the database, for grants in PostgreSQL. */
  readonly databaseURL: string
  /**
   * Whether commands wait while Redis is away, as is node-redis's default, or fail at once. Applications
   * do both.
   */
  readonly waitsForRedis: boolean
}

/** Where a process of the application stores what it has. */
export interface Place {
  /** `undefined` for tokens in the sessions. */
  readonly grants: Grants | undefined
  readonly sessions: Store
}

const GRANT_SECRET = 'a secret for the grants, long enough'

/** How long a store may take for one command, in milliseconds: the default of both. */
const STORE_TIMEOUT_MS = 2_000

/** Connects to the stores. Each write of a token that was acknowledged is reported to `onKept`. */
export async function openPlace(options: PlaceOptions, onKept: OnKept): Promise<Place> {
  const client = await connectToRedis(options)
  const sessions = new RedisStore({ client })
  if (options.tokens === 'session') {
    return { grants: undefined, sessions: guardSessionStore(watchSessions(sessions, onKept)) }
  }
  const store =
    options.tokens === 'postgres' ? postgresStore(options.databaseURL) : redisStore(client)
  const grants = new Grants(watchedGrants(store, GRANT_SECRET, onKept), { secret: GRANT_SECRET })
  return { grants, sessions: guardSessionStore(sessions, { grants }) }
}

async function connectToRedis({ redisPort: port, waitsForRedis }: PlaceOptions) {
  const reconnectStrategy = (attempt: number): number => Math.min(attempt * 50, 500)
  const client = createClient({
    socket: { port, host: '127.0.0.1', reconnectStrategy },
    disableOfflineQueue: !waitsForRedis,
  })
  // Each request meets the failure itself.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** What `RedisGrants` makes of a client. */
function redisStore(client: Awaited<ReturnType<typeof connectToRedis>>): GrantStore {
  return createRedisStore({
    client: readRedisClient(client, 'client'),
    prefix: 'oauth2:',
    commandTimeoutMs: STORE_TIMEOUT_MS,
  })
}

/** What `PostgresGrants` makes of a pool. */
function postgresStore(connectionString: string): GrantStore {
  return createPostgresStore({
    pool: readPostgresPool(new Pool({ connectionString }), 'pool'),
    schema: undefined,
    queryTimeoutMs: STORE_TIMEOUT_MS,
  })
}

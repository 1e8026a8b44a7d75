import { RedisStore } from 'connect-redis'
import { MemoryStore } from 'express-session'
import type { Store } from 'express-session'
import { Grants } from '../../../src/index.js'
import type { AuthorizationCodeOptions } from '../../../src/index.js'
import { createMemoryStore } from '../../../src/grants/memory-store.js'
import { RedisGrants } from '../../../src/redis.js'
import { connectRedis } from '../../support/redis-server.js'
import type { AppSettings } from './messages.js'
import { APP_SECRETS } from './secrets.js'

/** Where the application keeps everything. */
export interface Storage {
  readonly sessions: Store
  /** The options of all strategies. */
  readonly options: Pick<AuthorizationCodeOptions, 'grants' | 'tokenSecret'>
  /** The text of a stored session. */
  read(id: string): Promise<string | null>
  /** Stores a session as text. */
  plant(id: string, text: string): Promise<unknown>
}

/** How many sessions, and records of grants, are kept: those of attackers push each other out. */
const KEPT = 1000

/**
 * express-session's store in memory, but for its size: nobody ever comes back for most of the sessions of an attack, and
 * the memory of the process shall not grow with them.
 */
class SmallStore extends MemoryStore {
  declare sessions: Record<string, string>
  #order = new Set<string>()

  override set(...[id, data, done]: Parameters<MemoryStore['set']>): void {
    super.set(id, data, done)
    this.keep(id)
  }

  override destroy(...[id, done]: Parameters<MemoryStore['destroy']>): void {
    this.#order.delete(id)
    super.destroy(id, done)
  }

  keep(id: string): void {
    this.#order.delete(id)
    this.#order.add(id)
    const [oldest] = this.#order
    if (this.#order.size <= KEPT || oldest === undefined) return
    this.#order.delete(oldest)
    Reflect.deleteProperty(this.sessions, oldest)
  }
}

/** Creates the storage of a mode. */
export async function createStorage({ mode, redisSocket }: AppSettings): Promise<Storage> {
  const secret = APP_SECRETS.tokens
  if (mode === 'redis') {
    const client = await connectRedis(redisSocket ?? '')
    return {
      sessions: new RedisStore({ client }),
      options: { grants: new RedisGrants({ client, secret }) },
      read: (id) => client.get(`sess:${id}`),
      plant: (id, text) => client.set(`sess:${id}`, text, { EX: 600 }),
    }
  }
  const sessions = new SmallStore()
  const grants = new Grants(createMemoryStore({ maximumRecords: KEPT }), { secret })
  return {
    sessions,
    options: mode === 'memory' ? { grants } : { tokenSecret: secret },
    read: (id) => Promise.resolve(sessions.sessions[id] ?? null),
    plant(id, text) {
      sessions.sessions[id] = text
      sessions.keep(id)
      return Promise.resolve()
    },
  }
}

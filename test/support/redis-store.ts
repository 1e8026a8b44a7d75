import { randomUUID } from 'node:crypto'
import { readRedisClient } from '../../src/grants/redis-clients.js'
import type { RedisCommands, RedisGrantsClient } from '../../src/grants/redis-clients.js'
import { createRedisStore } from '../../src/grants/redis-store.js'
import type { GrantStore, StoredRecord } from '../../src/options/grant-store.js'

/** A grant store over a client, with the defaults of `RedisGrants`. */
export function storeThrough(client: RedisGrantsClient, commandTimeoutMs = 2_000): GrantStore {
  const connection = readRedisClient(client, 'client')
  return createRedisStore({ client: connection, prefix: 'oauth2:', commandTimeoutMs })
}

/** A record with a version of its own. */
export function newRecord(value = 'a value'): StoredRecord {
  return { version: randomUUID(), value }
}

/** A Redis of a test's own imagination, which writes down the commands that it gets. */
export interface ScriptedRedis extends RedisCommands {
  readonly commands: string[][]
}

/** Answers with these replies, one after the other; errors are thrown. The last one is repeated. */
export function scriptedRedis(...replies: readonly unknown[]): ScriptedRedis {
  const commands: string[][] = []
  return {
    commands,
    runCommand(args) {
      const reply = replies[Math.min(commands.length, replies.length - 1)]
      commands.push(args)
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply)
    },
  }
}

export { RedisGrants } from './grants/redis-grants.js'

export type { RedisGrantsOptions } from './grants/redis-grants.js'
export type {
  IoredisClient,
  NodeRedisClient,
  RedisCommands,
  RedisGrantsClient,
} from './grants/redis-clients.js'
export type { Resealed } from './grants/reseal.js'

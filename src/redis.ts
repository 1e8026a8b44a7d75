export { RedisGrants } from './grants/redis-grants.js'

export type { RedisGrantsOptions } from './grants/redis-grants.js'
export type { RedisCommands } from './grants/redis-clients.js'

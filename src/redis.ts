export { RedisLedger } from './grants/redis.js'

export type { RedisLedgerClient, RedisLedgerOptions } from './grants/redis.js'

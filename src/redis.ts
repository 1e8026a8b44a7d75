export { RedisLedger } from './ledger/redis.js'

export type { RedisLedgerClient, RedisLedgerOptions } from './ledger/redis.js'

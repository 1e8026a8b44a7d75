export { PostgresGrants } from './grants/postgres-grants.js'

export type { PostgresGrantsOptions } from './grants/postgres-grants.js'
export type { PostgresPool } from './grants/postgres-pool.js'
export type { Resealed } from './grants/reseal.js'

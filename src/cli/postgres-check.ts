import { setTimeout } from 'node:timers/promises'
import type { Client } from 'pg'
import { failed, ok, skipped, warning } from './finding.js'
import type { StoreVerdicts, Verdict } from './finding.js'
import { SAMPLED_GRANTS, checkSecret } from './secret-check.js'
import type { SealedRecord } from './secret-check.js'
import { ConfigurationError } from '../errors/errors.js'
import { grantKey } from '../grants/record-keys.js'
import { missingRelations, postgresNames, readSchema } from '../grants/postgres-schema.js'

/** How long the whole check of PostgreSQL may take, in **milliseconds**. */
const TIMEOUT_MS = 3000

/** The PostgreSQL to check. */
export interface CheckedPostgres {
  /** `postgres:` or `postgresql:`; it may contain a password, which no finding shows. */
  readonly url?: string | undefined
  /** The schema of the tables, if `PostgresGrants` has the option. */
  readonly schema?: string | undefined
  /** The secret of the grants: see {@link checkSecret}. */
  readonly secret?: string | undefined
}

/**
 * Checks that PostgreSQL can be reached, that it can be written to, that it has the tables of `PostgresGrants`, and that
 * the secret opens its grants. Never throws.
 */
export async function checkPostgres(checked: CheckedPostgres): Promise<StoreVerdicts> {
  const { url, schema, secret } = checked
  if (url === undefined) return { store: skipped('DATABASE_URL is not set') }
  let sealed: Verdict | undefined
  const store = await checkServer(url, schema, async (client) => {
    if (secret !== undefined) sealed = checkSecret(secret, await sample(client, schema))
  })
  return { store, ...(sealed !== undefined && { secret: sealed }) }
}

/** Some of the grants in PostgreSQL. */
async function sample(
  client: Client,
  schema: string | undefined,
): Promise<readonly SealedRecord[]> {
  const { records } = postgresNames(schema)
  // The ids of grants are all that begin like this.
  const first = grantKey('')
  const { rows } = await client.query<SealedRecord>(
    `SELECT id, value FROM ${records} WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3`,
    [first, `${first}~`, SAMPLED_GRANTS],
  )
  return rows
}

/** @param whileConnected called if PostgreSQL has the tables, before the connection is closed */
async function checkServer(
  url: string,
  schema: string | undefined,
  whileConnected: (client: Client) => Promise<void>,
): Promise<Verdict> {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    return failed('the address is not one of PostgreSQL', 'Use postgres://user@host:5432/database.')
  }
  const { host } = new URL(url)
  const pg = await import('pg').catch(() => undefined)
  if (pg === undefined) return failed('the package pg is not installed', 'Run npm install pg.')
  const client = new pg.default.Client({
    connectionString: url,
    // Later than the check, so that its verdict counts. It closes the connection.
    connectionTimeoutMillis: 2 * TIMEOUT_MS,
  })
  // Without a listener, an error would end the process. The calls below reject as well, so nothing is lost.
  client.on('error', () => undefined)
  const answered = new AbortController()
  // A server may accept connections and never answer.
  const silence = setTimeout(TIMEOUT_MS, undefined, { signal: answered.signal }).then(() =>
    failed(`${host} does not answer`, 'Check DATABASE_URL, and which program listens there.'),
  )
  try {
    return await Promise.race([ask(client, host, schema, whileConnected), silence])
  } catch (error) {
    if (error instanceof ConfigurationError)
      return failed(error.message, 'Correct DATABASE_SCHEMA.')
    const { code, name } = error as { readonly code?: string; readonly name?: string }
    return failed(`${host} cannot be used (${code ?? name ?? 'unknown'})`, 'Check DATABASE_URL.')
  } finally {
    answered.abort()
    // It waits for the server, which may be silent; the process ends without it.
    void client.end().catch(() => undefined)
  }
}

async function ask(
  client: Client,
  host: string,
  schema: string | undefined,
  whileConnected: (client: Client) => Promise<void>,
): Promise<Verdict> {
  const name = schema === undefined ? undefined : readSchema(schema, 'DATABASE_SCHEMA')
  await client.connect()
  const { rows } = await client.query<{ readonly reads: boolean }>(
    "SELECT current_setting('transaction_read_only') = 'on' AS reads",
  )
  if (rows[0]?.reads === true) {
    return failed(`${host} only reads`, 'Use the address of the primary server.')
  }
  const missing = await missingRelations(name, async (text, values) => {
    const result = await client.query<Record<string, unknown>>(text, values)
    return result.rows
  })
  if (missing.length === 0) await whileConnected(client)
  return missing.length === 0
    ? ok(`${host} answers, and has the tables`)
    : // Only a warning: an application may have a database and its grants elsewhere, or create the tables at start.
      warning(
        `${host} answers, but has no ${missing.join(', ')}`,
        'If its grants are to be there, call await grants.setUp() at start, or run what npx passport-authorization-code sql prints. If they are in a schema, set DATABASE_SCHEMA.',
      )
}

import { ConfigurationError } from '../errors/setup-errors.js'

/** The tables and indexes, by what they are for. Names can be used in SQL as they are. */
export interface PostgresNames {
  readonly records: string
  readonly links: string
}

/** PostgreSQL cuts longer names, so that two could become one. */
const SCHEMA = /^[a-z_][a-z0-9_$-]{0,62}$/i

/**
 * Reads the name of a schema, as it is in the database: upper and lower case count.
 *
 * @throws {ConfigurationError} if it is not one that needs no quotes, apart from capitals and hyphens
 */
export function readSchema(value: string, name: string): string {
  if (typeof value === 'string' && SCHEMA.test(value)) return value
  throw new ConfigurationError(
    `${name} must be the name of a schema: up to 63 letters of ASCII, digits, _, $ or -, such as 'auth'.`,
    name,
  )
}

/** The names of the tables in a schema; in the first one of the connection's `search_path` if it is left out. */
export function postgresNames(schema: string | undefined): PostgresNames {
  const start = schema === undefined ? '' : `"${schema}".`
  return { records: `${start}oauth2_records`, links: `${start}oauth2_links` }
}

/**
 * Which of the tables and indexes are not there.
 *
 * @param run runs one statement, and resolves to its rows
 */
export async function missingRelations(
  schema: string | undefined,
  run: (text: string, values: unknown[]) => Promise<readonly Readonly<Record<string, unknown>>[]>,
): Promise<readonly string[]> {
  const { records, links } = postgresNames(schema)
  const all = [records, `${records}_expires`, links, `${links}_expires`, `${links}_account`]
  const rows = await run(
    'SELECT name FROM json_array_elements_text($1::json) AS name WHERE to_regclass(name) IS NULL',
    [JSON.stringify(all)],
  )
  return rows.map((row) => String(row['name']))
}

/**
 * The statements that create the tables. Each can be repeated.
 *
 * Ids and names have the collation "C": in others, two of them could count as the same, or be sorted by a library that
 * changes with the operating system. `strategy` and `account` have that of the database, because PostgreSQL refuses to
 * compare columns of two different ones.
 */
export function postgresStatements(schema: string | undefined): readonly string[] {
  const { records, links } = postgresNames(schema)
  const tables = [
    `CREATE TABLE IF NOT EXISTS ${records} (
  id text COLLATE "C" PRIMARY KEY,
  version text COLLATE "C" NOT NULL,
  value text NOT NULL,
  expires timestamptz NOT NULL
)`,
    `CREATE INDEX IF NOT EXISTS oauth2_records_expires ON ${records} (expires)`,
    `CREATE TABLE IF NOT EXISTS ${links} (
  name text COLLATE "C",
  id text COLLATE "C",
  strategy text,
  account text,
  expires timestamptz NOT NULL,
  PRIMARY KEY (name, id)
)`,
    `CREATE INDEX IF NOT EXISTS oauth2_links_expires ON ${links} (expires)`,
    `CREATE INDEX IF NOT EXISTS oauth2_links_account ON ${links} (account, strategy) WHERE account IS NOT NULL`,
  ]
  return schema === undefined ? tables : [`CREATE SCHEMA IF NOT EXISTS "${schema}"`, ...tables]
}

/** The statements as a file, for an application with migrations. */
export function postgresScript(schema: string | undefined): string {
  return postgresStatements(schema)
    .map((statement) => `${statement};`)
    .join('\n\n')
}

/**
 * One statement that runs all of {@link postgresStatements}. Processes that run it at the same time wait for each other:
 * `IF NOT EXISTS` alone fails when another transaction creates the same table.
 *
 * @see [PostgreSQL, Advisory Locks](https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS)
 */
export function postgresSetUp(schema: string | undefined): string {
  return `DO $setup$ BEGIN
PERFORM pg_advisory_xact_lock(hashtext('passport-authorization-code'));
${postgresScript(schema)}
END $setup$`
}

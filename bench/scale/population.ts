import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { ACCOUNT_LIFE_MS, accountGrantId } from '../../src/grants/account-grant-id.js'
import { accountName, personName, strategyName } from '../../src/grants/index-names.js'
import type { GrantedClient } from '../../src/grants/index-names.js'
import { heldRecord } from '../../src/grants/new-record.js'
import { grantKey } from '../../src/grants/record-keys.js'
import { sealedRecords } from '../../src/grants/record-codec.js'
import { randomId } from '../../src/lib/random-id.js'
import { createSeal } from '../../src/lib/sealing.js'

/** How many there are of everything. */
export interface Population {
  readonly accounts: number
  readonly grantsOfEach: number
  /** How many of the grants nobody has used for 100 days. */
  readonly idle: number
  /** How long the access tokens are, in characters. @default 22 */
  readonly tokenLength?: number
}

/** How many rows one statement inserts. */
const BATCH = 2_000

const HUNDRED_DAYS_MS = 100 * 24 * 60 * 60 * 1000

/** Whose grants they are, and what seals them. */
export interface Whose {
  readonly secret: string
  readonly name: string
  readonly strategy: string
  readonly client: GrantedClient
}

/** The grants as the engine would write them, without a login for each, some at a time. */
export function* grantRows(
  { accounts, grantsOfEach, idle, tokenLength = 22 }: Population,
  { secret, name, strategy, client }: Whose,
): Generator<readonly Row[]> {
  const codec = sealedRecords(createSeal(secret, 'grants'))
  const total = accounts * grantsOfEach
  const idleEvery = Math.ceil(total / idle)
  for (let first = 0; first < total; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, total - first) }, (_, at) => first + at)
    yield numbers.map((number) => {
      const account = `account-${number % accounts}`
      const subject = `subject-${number}`
      const id = accountGrantId(strategy, account, subject)
      const names = [personName(client, subject), accountName(name, account), strategyName(name)]
      const tokens = {
        accessToken: randomToken(tokenLength),
        refreshToken: `${number}.1`,
        tokenType: 'bearer',
        expiresAt: 0,
        scope: 'email calendar',
      }
      const at = Date.now() - (number % idleEvery === 0 ? HUNDRED_DAYS_MS : 0)
      const of = { account, subject, names, outlivesLogin: true as const }
      const lines = [{ number: 1, generation: 1, tokens, renewAt: 0 }]
      const held = { strategy, lines, lifetimeMs: ACCOUNT_LIFE_MS, of }
      const value = codec.write(heldRecord(randomId(), held, undefined, at), grantKey(id))
      return { key: grantKey(id), version: randomId(), value, id, names, account }
    })
  }
}

function randomToken(length: number): string {
  const bytes = Math.ceil((length * 3) / 4)
  return randomBytes(bytes).toString('base64url').slice(0, length)
}

/** Writes the grants into PostgreSQL. */
export async function populate(pool: Pool, population: Population, given: Whose): Promise<void> {
  for (const rows of grantRows(population, given)) await insertRows(pool, rows, given.name)
  await pool.query('ANALYZE oauth2_records, oauth2_links')
}

/** A grant as a store has it: its record, and the lists that have its id. */
export interface Row {
  readonly key: string
  readonly version: string
  readonly value: string
  readonly id: string
  readonly names: readonly string[]
  readonly account: string
}

/** Writes some of them. */
export async function insertRows(
  pool: Pool,
  rows: readonly Row[],
  strategy: string,
): Promise<void> {
  const column = (name: 'key' | 'version' | 'value'): string[] => rows.map((row) => row[name])
  await pool.query(
    `INSERT INTO oauth2_records
     SELECT id, version, value, now() + interval '1 year' FROM unnest($1::text[], $2::text[], $3::text[]) AS r (id, version, value)`,
    [column('key'), column('version'), column('value')],
  )
  const links = rows.flatMap(({ names, id, account }) =>
    names.map((name) => ({ name, id, account: name.startsWith('account/') ? account : null })),
  )
  await pool.query(
    `INSERT INTO oauth2_links
     SELECT name, id, CASE WHEN account IS NULL THEN NULL ELSE $4 END, account, now() + interval '2 years'
     FROM unnest($1::text[], $2::text[], $3::text[]) AS l (name, id, account)`,
    [
      links.map(({ name }) => name),
      links.map(({ id }) => id),
      links.map(({ account }) => account),
      strategy,
    ],
  )
}

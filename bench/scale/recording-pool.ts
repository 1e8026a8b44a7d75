import type { Pool } from 'pg'

/** A statement as it was sent. */
interface Sent {
  readonly text: string
  readonly values: unknown[]
}

/** A pool that remembers one example of each statement. */
export interface RecordingPool {
  query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
  readonly sent: ReadonlyMap<string, Sent>
}

/** Wraps a pool of pg. */
export function recordStatements(pool: Pool): RecordingPool {
  const sent = new Map<string, Sent>()
  return {
    sent,
    query(text, values) {
      if (!sent.has(text)) sent.set(text, { text, values })
      return pool.query<Record<string, unknown>>(text, values)
    },
  }
}

/** How PostgreSQL carries out a statement. */
export interface Explained {
  readonly statement: string
  readonly plan: string
  readonly usesIndex: boolean
}

/** Whether PostgreSQL carries out each statement by an index or reads a table from its beginning to its end. The statements are explained, not repeated. */
export async function explainAll(
  pool: Pool,
  { sent }: RecordingPool,
): Promise<readonly Explained[]> {
  const explained: Explained[] = []
  for (const { text, values } of sent.values()) {
    if (!/^(SELECT|UPDATE|INSERT|DELETE)/.test(text) || /pg_|to_regclass/.test(text)) continue
    const { rows } = await pool.query<Record<string, string>>(`EXPLAIN ${text}`, values)
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    const statement = text.replaceAll(/\s+/g, ' ').slice(0, 70)
    explained.push({ statement, plan, usesIndex: !plan.includes('Seq Scan on') })
  }
  return explained
}

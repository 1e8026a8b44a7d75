import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { GrantStore, StoredRecord } from '../options/grant-store.js'

/** One test of {@link grantStoreTests}. */
export interface GrantStoreTest {
  /** What a store must do, as a sentence without its subject. */
  readonly name: string
  /** Rejects if the store does something else. */
  readonly run: (store: GrantStore) => Promise<void>
}

/** How long tests have things kept, in **milliseconds**. */
export const KEPT_MS = 60_000
/** A time after which something may have expired, in **milliseconds**. */
export const SHORT_MS = 100

/** An id, or a name of an index, that no other test has. */
export function newId(): string {
  return `test-${randomUUID()}`
}

/** A record with a version of its own. */
export function newRecord(value = 'a value'): StoredRecord {
  return { version: randomUUID(), value }
}

/** @throws {AssertionError} if the store does not have exactly this record */
export async function assertRecord(
  store: GrantStore,
  id: string,
  expected: StoredRecord,
): Promise<void> {
  const present = await store.get(id)
  assert.ok(present, 'the record is missing')
  const { version, value } = present
  assert.deepEqual({ version, value }, { version: expected.version, value: expected.value })
}

/** All ids of a name, read in pages. */
export async function pages(store: GrantStore, name: string, limit: number): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const page = await store.linked(name, limit, ids.at(-1))
    assert.ok(page.length <= limit, `a page has ${page.length} ids where ${limit} were asked for`)
    if (page.length === 0) return ids
    ids.push(...page)
  }
}

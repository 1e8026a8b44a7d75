import { failed, ok, skipped } from './finding.js'
import type { Verdict } from './finding.js'
import { createSeal } from '../lib/sealing.js'

/** A record of a store, as it is sealed there. */
export interface SealedRecord {
  readonly id: string
  readonly value: string
}

/** Grants take no shorter secret. */
const SHORTEST_SECRET = 32

/** How many grants are tried. Their ids are random, so that these stand for all. */
export const SAMPLED_GRANTS = 200

/**
 * Checks that a secret opens the grants in a store. Each one names the secret that has sealed it, so that nothing has to be
 * written, and a process that uses the store with another secret is found by what it has written.
 *
 * @param given `GRANT_SECRET`: one secret, or several with commas between them, the newest first
 * @param records grants of the store, at most {@link SAMPLED_GRANTS}
 */
export function checkSecret(given: string | undefined, records: readonly SealedRecord[]): Verdict {
  if (given === undefined) return skipped('GRANT_SECRET is not set')
  if (records.length === 0) return skipped('the store has no grants yet')
  // A single secret may contain a comma.
  if (given.length < SHORTEST_SECRET) {
    return failed(
      `GRANT_SECRET has fewer than ${SHORTEST_SECRET} characters`,
      'Set it to the secret that your application gives to its grants.',
    )
  }
  const seals = [given, given.split(',')].map((secrets) => createSeal(secrets, 'grants'))
  const opened = records.filter(({ id, value }) =>
    seals.some((seal) => seal.open(value, id) !== undefined),
  )
  const found = `of ${records.length} grants that were tried`
  if (opened.length === records.length) {
    const older = opened.filter(({ value }) => !seals.some((seal) => seal.isCurrent(value))).length
    const seen = `GRANT_SECRET opens all ${found}`
    return ok(older === 0 ? seen : `${seen}, ${older} of them with an older secret`)
  }
  return failed(
    `GRANT_SECRET opens ${opened.length === 0 ? 'none' : `only ${opened.length}`} ${found}`,
    'Another process uses this store with another secret, or an older secret is no longer in the list. Give all processes the same list, the newest first, and the doctor the same with commas between them.',
  )
}

import { shortDigest } from '../lib/short-digest.js'
import type { MissingFromLogin } from '../errors/step-up-errors.js'

/** What a login has been asked for in addition to the one before it. */
export type Asked = MissingFromLogin

/** What a login is to add to the present one. */
export interface Addition {
  readonly asked: Asked
  /** Who alone may come back, if the session does not say: see {@link personOf}. */
  readonly person?: string | undefined
  /** Whether people log in with the strategy: then it is connected only to sessions that say so. */
  readonly logsIn?: boolean
}

/** Identifies a person by their id at the provider. */
export function personOf(subject: string | undefined): string | undefined {
  return subject === undefined ? undefined : shortDigest(subject)
}

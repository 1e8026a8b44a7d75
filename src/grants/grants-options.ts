import type { OptionTable, OptionsOf } from '../options/option-table.js'
import { secretsThat, zeroOrMore } from '../options/readers.js'

/** The table of {@link GrantsOptions}. */
export const GRANTS_OPTIONS = {
  /**
   * Encrypts the records: a secret of at least 32 characters. To replace a secret, pass a list: the first one
   * encrypts, and all of them decrypt, as with express-session's `secret`.
   */
  secret: { read: secretsThat('seals the grants'), required: true },

  /**
   * How long a process may use a record without looking at the store, in **seconds**. A request with a valid access
   * token then needs no command of the store. What another process has ended counts here after this time at the latest.
   *
   * @default 10
   */
  cacheSeconds: { read: zeroOrMore, default: 10 },
} as const satisfies OptionTable

/** The options of {@link Grants}. */
export type GrantsOptions = OptionsOf<typeof GRANTS_OPTIONS>

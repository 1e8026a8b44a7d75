/**
 * Text as PostgreSQL can store it, which has neither NUL nor half of a surrogate pair. Usually it is the same text. No two
 * texts become one.
 */
export function toPostgresText(text: string): string {
  return text.replaceAll(
    UNSTORABLE,
    (unit) => `\\${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The text of which {@link toPostgresText} has made this. */
export function fromPostgresText(stored: string): string {
  return stored.replaceAll(/\\([0-9a-f]{4})/g, (_, unit: string) =>
    String.fromCharCode(parseInt(unit, 16)),
  )
}

/** A backslash, too, so that it can mark the others. */
const UNSTORABLE = /[\0\\\p{Surrogate}]/gu

/** What the name of an index is about, for joins with the application's own tables. */
export interface AccountColumns {
  /** The name of a strategy; `null` if the index is not that of an account. */
  readonly strategy: string | null
  /** The application's own id of the person, exactly. `null`, too, if PostgreSQL cannot store it. */
  readonly account: string | null
}

/** Reads a name such as `account/<strategy>/<account>`, as `accountName` makes it. */
export function accountColumns(name: string): AccountColumns {
  const [, strategy = '', account = ''] = /^account\/([^/]*)\/([^]+)$/.exec(name) ?? []
  const isStorable = account !== '' && !/[\0\p{Surrogate}]/u.test(account)
  return isStorable
    ? { strategy: strategy.replaceAll(/%2[5F]/g, decodeURIComponent), account }
    : { strategy: null, account: null }
}

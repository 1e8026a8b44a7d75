/** What is known of the access tokens that an API has refused in one place. */
export interface Replacements {
  /** What has replaced them, the newest last. */
  replacements?: readonly Replacement[]
  /** When one of these has turned out to be of no use, in monotonic **milliseconds**. */
  inVainAt?: number
}

/** An access token that has taken the place of one that an API had refused. */
interface Replacement {
  readonly accessToken: string
  /** When, in monotonic **milliseconds**. */
  readonly at: number
}

/** For how long replacements count, in **milliseconds**. */
const PERIOD_MS = 60_000

/**
 * How many access tokens of a slot are replaced within the period because an API has refused them. One is enough for a token that
 * was revoked, and a second one tells that the person has withdrawn their consent since.
 */
const MAXIMUM = 3

/** Takes note that an API has refused the access token that a caller was given in place of another. */
export function noteRefusedAgain(slot: Replacements, accessToken: string, now: number): void {
  // Others may have replaced it meanwhile.
  if (recent(slot, now).some((one) => one.accessToken === accessToken)) slot.inVainAt = now
}

/** Takes note of the access token that has replaced a refused one. Several callers may have waited for it. */
export function noteReplaced(
  slot: Replacements,
  refused: string,
  accessToken: string,
  now: number,
): void {
  const { replacements = [] } = slot
  // Some providers answer a refresh with the access token that they have issued before.
  if (accessToken === refused) slot.inVainAt = now
  if (replacements.at(-1)?.accessToken === accessToken) return
  slot.replacements = [...replacements, { accessToken, at: now }].slice(-MAXIMUM)
}

/**
 * Whether another access token may help whose last one an API has refused. If the API has refused the replacement as well, it is
 * the person that it refuses, and not the token: each of their requests would be a refresh, until the provider has had enough of
 * them.
 */
export function mayReplace(slot: Replacements, now: number): boolean {
  const { inVainAt = -Infinity } = slot
  return now >= inVainAt + PERIOD_MS && recent(slot, now).length < MAXIMUM
}

function recent({ replacements = [] }: Replacements, now: number): readonly Replacement[] {
  return replacements.filter(({ at }) => now < at + PERIOD_MS)
}

import { ConfigurationError } from '../errors/setup-errors.js'
import { forEachAtOnce } from '../lib/for-each-at-once.js'
import { accountText } from '../options/holder.js'

/** Tokens that an application already has. */
export interface ImportedGrant {
  /** The `name` of the strategy that refreshes them. It must have been created with these grants. */
  readonly strategy: string
  /** Your own id of the person, as `accountOf` returns it. */
  readonly account: string | number
  readonly refreshToken: string
  /**
   * The person's id at the provider: the ID token's `sub`, or the profile's `id`. With it, the person's next login joins
   * this grant; without it, that login makes another one.
   */
  readonly subject?: string | undefined
  /** When the refresh token expires, in **milliseconds since the epoch**. Left out if unknown. */
  readonly refreshTokenExpiresAt?: number
  /** The access token, if it may still be valid. Without it, the first use refreshes. */
  readonly accessToken?: string
  /** When the access token expires, in **milliseconds since the epoch**. If it is unknown, the first use refreshes. */
  readonly expiresAt?: number
  /** How the access token is sent: `bearer`, or `dpop` with a `dpopKey`. @default 'bearer' */
  readonly tokenType?: string
  /** What the person has granted, as the provider sent it. */
  readonly scope?: string
}

/** What taking over tokens has done. */
export interface Imported {
  /** How many grants are new. */
  readonly imported: number
  /**
   * How many were there before, and were left as they are. Among them those that have ended less than two hours ago, by
   * `endGrant` for example, and those whose refresh token is the very one that the provider has refused.
   */
  readonly known: number
  /**
   * How many were there before, and could not be refreshed any more: without a refresh token, or with one that the provider
   * had refused or that had expired. They have the one that was imported now.
   */
  readonly repaired: number
}

/** What a strategy does for tokens that are taken over. */
interface Importer {
  readonly name: string
  /** Resolves to what the grant counts as. @throws {StorageError} */
  readonly import: (grant: ImportedGrant) => Promise<keyof Imported>
}

/** How many grants are imported at once. */
const AT_ONCE = 16

/**
 * Takes over tokens that an application already has, each by its strategy. Of two with the same person, the first one
 * comes first.
 *
 * @throws {ConfigurationError} naming what cannot be used, and which one it is in
 * @throws {StorageError} if the store fails
 */
export async function importGrants(
  given: Iterable<ImportedGrant> | AsyncIterable<ImportedGrant>,
  strategies: readonly Importer[],
): Promise<Imported> {
  const counts = { imported: 0, known: 0, repaired: 0 }
  /** The last one under way of each person. */
  const underWay = new Map<string, Promise<void>>()

  await forEachAtOnce(importable(given, strategies), AT_ONCE, async ({ grant, strategy }) => {
    const person = JSON.stringify([grant.strategy, String(grant.account)])
    const before = underWay.get(person) ?? Promise.resolve()
    const own = before.then(async () => {
      counts[await strategy.import(grant)] += 1
    })
    underWay.set(person, own)
    try {
      await own
    } finally {
      if (underWay.get(person) === own) underWay.delete(person)
    }
  })
  return counts
}

async function* importable(
  given: Iterable<ImportedGrant> | AsyncIterable<ImportedGrant>,
  strategies: readonly Importer[],
): AsyncGenerator<{ readonly grant: ImportedGrant; readonly strategy: Importer }> {
  let place = 0
  for await (const one of given) {
    place += 1
    const grant = checkImported(one, place)
    const strategy = strategies.find(({ name }) => name === grant.strategy)
    if (strategy === undefined) throw noSuchStrategy(grant.strategy, strategies)
    yield { grant, strategy }
  }
}

function noSuchStrategy(name: string, strategies: readonly Importer[]): ConfigurationError {
  const names = strategies.map((one) => `'${one.name}'`).join(', ')
  return new ConfigurationError(
    `No strategy with the name '${name}' was created with these grants. There are: ${names}.`,
    'strategy',
  )
}

const TEXTS = ['strategy', 'refreshToken', 'subject', 'accessToken', 'tokenType', 'scope'] as const
const TIMES = ['expiresAt', 'refreshTokenExpiresAt'] as const
const KNOWN: ReadonlySet<string> = new Set([...TEXTS, ...TIMES, 'account'])

/** @throws {ConfigurationError} naming the field that is missing, unknown or cannot be used, and which of all it is in */
function checkImported(given: ImportedGrant, place: number): ImportedGrant {
  const fields = Object(given) as Readonly<Record<string, unknown>>
  const wrong = (name: string, what: string): never => {
    throw new ConfigurationError(
      `${name} of grant number ${place} to import ${what}. Those before it have been imported; after a correction, call it again with all.`,
      name,
    )
  }
  const unknown = Object.keys(fields).find((name) => !KNOWN.has(name))
  if (unknown !== undefined) wrong(unknown, 'does not exist')
  for (const name of ['strategy', 'refreshToken'] as const) {
    if (fields[name] === undefined) wrong(name, 'is missing')
  }
  for (const name of TEXTS) {
    const value = fields[name]
    const isText = typeof value === 'string' && value !== ''
    if (value !== undefined && !isText) wrong(name, 'must be text that is not empty')
  }
  for (const name of TIMES) {
    const value = fields[name]
    if (value !== undefined && !(typeof value === 'number' && Number.isFinite(value))) {
      wrong(name, 'must be a time in milliseconds since the epoch')
    }
  }
  if (accountText(fields['account']) === undefined) {
    wrong('account', 'must be a string that is not empty, or a number')
  }
  return given
}

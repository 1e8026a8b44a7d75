import { ConfigurationError } from '../errors/setup-errors.js'
import { editDistance } from '../lib/edit-distance.js'
import type { GivenOptions } from './given-options.js'

/**
 * One option. Its name is the property that it is assigned to. The comment on that property is its documentation:
 * editors show it, and docs/reference/options.md is made from it.
 */
export interface Option {
  /**
   * Checks a value and returns it in the form that the library uses. Copies objects that the application could
   * change later. The type of its parameter is the type of the option; if that is `unknown`, the type of the
   * option is what the function returns.
   *
   * @param given all options, for an option that depends on another one
   * @throws {ConfigurationError} naming the option, if the value cannot be used
   */
  readonly read: (value: never, name: string, given: GivenOptions) => unknown
  /** The option must be passed. Its type may include `undefined`, for a value from the environment. */
  readonly required?: true
  /** Throws if the option is passed as `undefined`, as from an environment variable that is not set. For secrets. */
  readonly refuseUnset?: true
  /** The value if the option is left out or `undefined`. */
  readonly default?: unknown
  /** Computes the default from the other options. Those that precede this one in the table are checked by then. */
  readonly defaultFrom?: (given: GivenOptions) => unknown
  /** Another option that must be set with this one. */
  readonly needs?: string
  /** Names that other libraries have for it, for "Did you mean". Other spellings are recognised anyway, see {@link suggestionFor}. */
  readonly alsoCalled?: readonly string[]
  /** The help text of `doctor`. Without one, the option cannot be set on the command line. */
  readonly help?: string
  /** The command line reads it from the environment only, because other users of the machine can see arguments. */
  readonly secret?: true
}

/** The options of one function or class, by name. */
export type OptionTable = Readonly<Record<string, Option>>

/** The type of the values that an option takes. */
type GivenTo<One extends Option> = unknown extends Parameters<One['read']>[0]
  ? ReturnType<One['read']>
  : Parameters<One['read']>[0]

/** The names of the options that must be passed. */
type RequiredIn<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends { readonly required: true } ? Name : never
}[keyof Table]

/** `Name` is a parameter of its own because TypeScript then keeps the comments of the table's properties. */
type Mandatory<Table extends OptionTable, Name extends keyof Table> = {
  readonly [Key in Name]: GivenTo<Table[Key]>
}

/** The options that may be left out. `undefined` counts as left out. */
type Optional<Table extends OptionTable, Name extends keyof Table> = {
  readonly [Key in Name]?: GivenTo<Table[Key]> | undefined
}

/** The type of the options that an application passes. */
export type OptionsOf<Table extends OptionTable> = Mandatory<Table, RequiredIn<Table>> &
  Optional<Table, Exclude<keyof Table, RequiredIn<Table>>>

/** Options that always have a value once they are read. */
type Filled =
  | { readonly required: true }
  | { readonly default: unknown }
  | { readonly defaultFrom: (given: GivenOptions) => unknown }

/** The type of the options once they are read: checked, and with their defaults. */
export type SettingsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]:
    ReturnType<Table[Name]['read']> | (Table[Name] extends Filled ? never : undefined)
}

/**
 * Reads options by their table: refuses unknown names, checks the values and fills in defaults.
 *
 * @param given what the application passed; it may be anything, because JavaScript does not check types
 * @param sample a correct call, for the error message
 * @param retired options of other libraries that do not exist here, and what to do instead
 * @param later options that need not be there yet, because they will be known later
 * @throws {ConfigurationError} naming the option that is unknown, missing or cannot be used, or if `given` is no object
 */
export function readTable<Table extends OptionTable>(
  table: Table,
  given: unknown,
  sample: string,
  retired: Readonly<Record<string, string>> = {},
  later: ReadonlySet<string> = new Set(),
): SettingsOf<Table> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError(`The options must be an object. Write ${sample}.`)
  }
  refuseUnknown(table, given, retired)
  const options = given as GivenOptions
  const settings = Object.fromEntries(
    Object.entries(table).map(([name, option]) => [
      name,
      later.has(name) && options[name] === undefined
        ? undefined
        : readOption(name, option, options, sample),
    ]),
  )
  refuseWithoutNeeded(table, settings, later)
  return settings as SettingsOf<Table>
}

/**
 * Reports a missing option.
 *
 * @param advice what to do, as a sentence
 * @throws {ConfigurationError} always
 */
export function missing(name: string, advice = 'Is the environment variable set?'): never {
  throw new ConfigurationError(`${name} is missing. ${advice}`, name)
}

/** Reads one option: its value if there is one, or else its default. */
function readOption(name: string, option: Option, given: GivenOptions, sample: string): unknown {
  const value = given[name]
  if (value !== undefined) return option.read(value as never, name, given)
  if ((option.required || option.refuseUnset) && name in given) missing(name)
  if (option.required) missing(name, `Write ${sample}.`)
  return option.defaultFrom === undefined ? option.default : option.defaultFrom(given)
}

/** @throws {ConfigurationError} if a name is not in the table; suggests the name that was probably meant */
function refuseUnknown(
  table: OptionTable,
  given: object,
  retired: Readonly<Record<string, string>>,
): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(table, name))
  if (unknown === undefined) return
  const advice = Object.hasOwn(retired, unknown) ? retired[unknown] : undefined
  if (advice !== undefined) {
    throw new ConfigurationError(`The option '${unknown}' is not used here: ${advice}`, unknown)
  }
  const meant = suggestionFor(unknown, table)
  const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`
  throw new ConfigurationError(`There is no option '${unknown}'.${hint}`, unknown)
}

/**
 * The option that `name` was probably meant to be, or `undefined` if none is close: the same word in another
 * spelling, or one with at most two letters changed.
 */
function suggestionFor(name: string, table: OptionTable): string | undefined {
  const wanted = normalize(name)
  const candidates = Object.entries(table).map(([known, { alsoCalled = [] }]) => ({
    known,
    distance: Math.min(
      ...[known, ...alsoCalled].map((one) => editDistance(normalize(one), wanted)),
    ),
  }))
  const [nearest] = candidates.sort((a, b) => a.distance - b.distance)
  // Two changed letters turn a short word into an unrelated one.
  const limit = wanted.length < 5 ? 1 : 2
  return nearest !== undefined && nearest.distance <= limit ? nearest.known : undefined
}

/** A name without the differences of common variants: `client_id`, `callbackUri`, `scopes`, `timeout`. */
function normalize(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[_-]/g, '')
    .replace(/(ms|seconds|bytes)$/, '')
    .replace(/(uri|endpoint)$/, 'url')
    .replace(/s$/, '')
}

/** @throws {ConfigurationError} if an option is set without the option that it needs */
function refuseWithoutNeeded(
  table: OptionTable,
  settings: GivenOptions,
  later: ReadonlySet<string>,
): void {
  for (const [name, { needs }] of Object.entries(table)) {
    const isSet = settings[name] !== undefined && settings[name] !== false
    if (needs === undefined || !isSet || later.has(needs)) continue
    if (settings[needs] === undefined) {
      throw new ConfigurationError(`${name} needs the option ${needs}.`, needs)
    }
  }
}

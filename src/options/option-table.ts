import { ConfigurationError } from '../errors/errors.js'
import { editDistance } from '../lib/edit-distance.js'

/** An object of options as the application wrote it, before anything is checked. */
export type GivenOptions = Readonly<Record<string, unknown>>

/**
 * One option. The property it is assigned to is its name, and the comment on that property is its
 * documentation, in editors and in the reference.
 */
export interface Option {
  /**
   * Checks a value and returns it as the library uses it: a copy, where the application could still
   * change the original. Its parameter's type is what the option takes; if that is `unknown`, the option
   * takes what the function returns.
   *
   * @param given all options, for one that depends on another
   * @throws {ConfigurationError} naming the option
   */
  readonly read: (value: never, name: string, given: GivenOptions) => unknown
  /** Must be given. Its type may still include `undefined`, for a value from the environment. */
  readonly required?: true
  /** Refused when it is named and `undefined`: the variable of a secret is not set. */
  readonly refuseUnset?: true
  /** Used when the option is left out. */
  readonly default?: unknown
  /** The same for a default that depends on other options. Those before this one are checked already. */
  readonly defaultFrom?: (given: GivenOptions) => unknown
  /** The option without which this one has no effect. */
  readonly needs?: string
  /** Other names that people try. Spelling, plural and unit need no entry, see {@link suggestionFor}. */
  readonly alsoCalled?: readonly string[]
  /** The command line's help on it; left out, the command line does not take it. */
  readonly help?: string
  /** Taken by the command line from the environment only, never as an argument that others can see. */
  readonly secret?: true
}

/** The options of one thing, by name. */
export type OptionTable = Readonly<Record<string, Option>>

type GivenTo<Entry extends Option> = unknown extends Parameters<Entry['read']>[0]
  ? ReturnType<Entry['read']>
  : Parameters<Entry['read']>[0]

type RequiredIn<Table extends OptionTable> = {
  [Name in keyof Table]: Table[Name] extends { readonly required: true } ? Name : never
}[keyof Table]

/** `Name` is a parameter of its own because TypeScript then keeps the comments of the table's properties. */
type Mandatory<Table extends OptionTable, Name extends keyof Table> = {
  readonly [Key in Name]: GivenTo<Table[Key]>
}

type Optional<Table extends OptionTable, Name extends keyof Table> = {
  readonly [Key in Name]?: GivenTo<Table[Key]> | undefined
}

/** What the options of a table are for those who write them. */
export type OptionsOf<Table extends OptionTable> = Mandatory<Table, RequiredIn<Table>> &
  Optional<Table, Exclude<keyof Table, RequiredIn<Table>>>

type Filled =
  | { readonly required: true }
  | { readonly default: unknown }
  | { readonly defaultFrom: (given: GivenOptions) => unknown }

/** What the options of a table are once they are read: checked, and with their defaults. */
export type SettingsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]:
    ReturnType<Table[Name]['read']> | (Table[Name] extends Filled ? never : undefined)
}

/**
 * Reads options by their table: refuses unknown names, checks values, fills in defaults.
 *
 * @param sample how to write them, for the error message of somebody who passed no object
 * @param retired options of other libraries, and what to do instead
 * @throws {ConfigurationError} naming the option that is unknown, missing or cannot be used
 */
export function readTable<Table extends OptionTable>(
  table: Table,
  given: unknown,
  sample: string,
  retired: Readonly<Record<string, string>> = {},
): SettingsOf<Table> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError(`The options must be an object. Write ${sample}.`)
  }
  refuseUnknown(table, given, retired)
  const options = given as GivenOptions
  const settings = Object.fromEntries(
    Object.entries(table).map(([name, option]) => [
      name,
      readOption(name, option, options, sample),
    ]),
  )
  refuseWithoutNeeded(table, settings)
  return settings as SettingsOf<Table>
}

/** @throws {ConfigurationError} saying that the option is missing, and what to do */
export function missing(name: string, advice = 'Is the environment variable set?'): never {
  throw new ConfigurationError(`${name} is missing. ${advice}`, name)
}

function readOption(name: string, option: Option, given: GivenOptions, sample: string): unknown {
  const value = given[name]
  if (value !== undefined) return option.read(value as never, name, given)
  if ((option.required || option.refuseUnset) && name in given) missing(name)
  if (option.required) missing(name, `Write ${sample}.`)
  return option.defaultFrom === undefined ? option.default : option.defaultFrom(given)
}

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

/** The option that `name` was probably meant to be: the same word spelled otherwise, else a typing error away. */
function suggestionFor(name: string, table: OptionTable): string | undefined {
  const wanted = bare(name)
  const candidates = Object.entries(table).map(([known, { alsoCalled = [] }]) => ({
    known,
    distance: Math.min(...[known, ...alsoCalled].map((one) => editDistance(bare(one), wanted))),
  }))
  const [nearest] = candidates.sort((a, b) => a.distance - b.distance)
  // In a short word, two other letters make another word.
  const limit = wanted.length < 5 ? 1 : 2
  return nearest !== undefined && nearest.distance <= limit ? nearest.known : undefined
}

/** A name without what people most often get wrong about it: `client_id`, `callbackUri`, `scopes`, `timeout`. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[_-]/g, '')
    .replace(/(ms|seconds|bytes)$/, '')
    .replace(/(uri|endpoint)$/, 'url')
    .replace(/s$/, '')
}

function refuseWithoutNeeded(table: OptionTable, settings: GivenOptions): void {
  for (const [name, { needs }] of Object.entries(table)) {
    const isSet = settings[name] !== undefined && settings[name] !== false
    if (needs !== undefined && isSet && settings[needs] === undefined) {
      throw new ConfigurationError(`${name} needs the option ${needs}.`, needs)
    }
  }
}

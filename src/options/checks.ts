import { ConfigurationError } from '../errors/errors.js'

/** The longest time a timer of Node.js can wait, in milliseconds; it takes anything longer for 1. */
export const LONGEST_TIMER_MS = 2_147_483_647

/**
 * A whole number from 1 to {@link LONGEST_TIMER_MS}.
 *
 * @throws {ConfigurationError} naming the option
 */
export function checkPositive(value: unknown, option: string): number {
  const isFine =
    typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= LONGEST_TIMER_MS
  if (isFine) return value
  throw new ConfigurationError(
    `${option} must be a whole number from 1 to ${LONGEST_TIMER_MS}.`,
    option,
  )
}

/**
 * Refuses options that nobody reads: a misspelled one would be silently without effect.
 *
 * @param advice what to say of options that are known from elsewhere, by name
 * @throws {ConfigurationError} naming the option
 */
export function refuseUnknown(
  options: object,
  known: Readonly<Record<string, true>>,
  advice: Readonly<Record<string, string>> = {},
): void {
  const stranger = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (stranger === undefined) return
  if (Object.hasOwn(advice, stranger)) {
    throw new ConfigurationError(
      `The option '${stranger}' is not used here: ${advice[stranger] ?? ''}`,
      stranger,
    )
  }
  const meant = Object.keys(known).find((name) => bare(name) === bare(stranger))
  throw new ConfigurationError(
    `There is no option '${stranger}'.${meant === undefined ? '' : ` Did you mean '${meant}'?`}`,
    stranger,
  )
}

/** A name without what people most often get wrong about it: `client_id`, `callbackUrl`, `scopes`. */
function bare(name: string): string {
  return name.toLowerCase().replaceAll('_', '').replace(/s$/, '')
}

import { ConfigurationError } from '../errors/setup-errors.js'

/** How long the JSON text of an application's data may be, in **bytes**. A cookie of a pending login has room for it. */
const MAXIMUM_BYTES = 1024

/**
 * Reads the application's own data for one login, and copies them.
 *
 * @throws {ConfigurationError} if JSON cannot hold them, or they are too long. The message does not contain them.
 */
export function readAppState(value: unknown, name: string): unknown {
  const text = jsonText(value)
  if (text === undefined) {
    throw new ConfigurationError(`${name} must be something that JSON can hold.`, name)
  }
  const bytes = Buffer.byteLength(text)
  if (bytes > MAXIMUM_BYTES) {
    throw new ConfigurationError(
      `${name} has ${bytes} bytes as JSON, and may have ${MAXIMUM_BYTES}: keep the data yourself, and pass their id.`,
      name,
    )
  }
  return JSON.parse(text) as unknown
}

/** `undefined` for what JSON cannot hold: functions, circles, a `bigint`. */
function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

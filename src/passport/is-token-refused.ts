import { ConfigurationError } from '../errors/setup-errors.js'
import { callFunction } from '../options/call-function.js'
import type { IsTokenRefused } from '../options/is-token-refused.js'

/**
 * Asks the application's own function. It gets a copy of the answer, whose body it may read: the answer itself stays unread.
 *
 * @throws {ConfigurationError} if the function throws, or returns neither `true` nor `false`
 */
export function createIsTokenRefused(
  isTokenRefused: IsTokenRefused | undefined,
): (answer: Response) => Promise<boolean> {
  return async (answer) => {
    if (isTokenRefused === undefined) return false
    const copy = answer.clone()
    try {
      const isRefused: unknown = await callFunction('isTokenRefused', () => isTokenRefused(copy))
      if (typeof isRefused === 'boolean') return isRefused
      throw new ConfigurationError('isTokenRefused must return true or false.', 'isTokenRefused')
    } catch (error) {
      void answer.body?.cancel().catch(() => undefined)
      throw error
    } finally {
      // What the function has not read need not be kept for it. This resolves only when the answer itself was read.
      if (copy.body?.locked === false) void copy.body.cancel().catch(() => undefined)
    }
  }
}

import type { TestClock } from './clock.js'

/**
 * The `iat` of ID tokens and logout tokens, in **seconds**. A logout token ends what was issued until its second, so an ID
 * token that is issued after it, but in the same second, has the next one: tests log people out and in again at once.
 */
export interface TestIssueTimes {
  idToken(): number
  logoutToken(): number
}

/** The most that tokens are ahead of the clock, in **seconds**. Nobody does so much in one second. */
const MOST_AHEAD = 10

/** Creates {@link TestIssueTimes}. */
export function createTestIssueTimes(clock: TestClock): TestIssueTimes {
  let lastLogin = 0
  let lastLogout = 0

  /** Now, or later if something else was just issued that must not be later. Not if the clock was set back since. */
  function notBefore(seconds: number): number {
    const now = Math.floor(clock.now() / 1000)
    return seconds <= now + MOST_AHEAD ? Math.max(now, seconds) : now
  }

  return {
    idToken: () => (lastLogin = notBefore(lastLogout + 1)),
    logoutToken: () => (lastLogout = notBefore(lastLogin)),
  }
}

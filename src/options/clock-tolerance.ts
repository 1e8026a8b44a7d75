/** The most that the option `clockToleranceSeconds` can be, in **seconds**. */
export const LONGEST_CLOCK_TOLERANCE_SECONDS = 300

/**
 * How far the provider's clock may be from ours when it says that somebody has logged out, in **milliseconds**. It does not
 * depend on `clockToleranceSeconds`: a logout must also arrive from a provider that is some minutes behind, whose ID tokens
 * are accepted because they have not expired yet. And it is never less, so that whoever could log in can be logged out.
 */
export const LOGOUT_CLOCK_TOLERANCE_MS = LONGEST_CLOCK_TOLERANCE_SECONDS * 1000

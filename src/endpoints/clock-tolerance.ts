/**
 * How far the provider's clock may be from ours, in **milliseconds**: 5 minutes, for every time that it signs. Few machines
 * are off by more, and a token that is accepted so much too late proves the same.
 */
export const CLOCK_TOLERANCE_MS = 5 * 60_000

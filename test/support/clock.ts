import { jest } from '@jest/globals'

/** Moves the clock forward, and stops it there until the test ends. */
export function advanceClock(seconds: number): void {
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + seconds * 1000)
}

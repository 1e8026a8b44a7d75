import { jest } from '@jest/globals'

const trueMonotonic = performance.now.bind(performance)

/** Moves the time of day forward and stops it there, and moves the monotonic clock forward, until the test ends. */
export function advanceClock(seconds: number): void {
  jest.spyOn(Date, 'now').mockReturnValue(Date.now() + seconds * 1000)
  const offset = performance.now() - trueMonotonic() + seconds * 1000
  jest.spyOn(performance, 'now').mockImplementation(() => trueMonotonic() + offset)
}

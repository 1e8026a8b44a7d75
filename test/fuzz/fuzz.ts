import { afterEach, beforeEach, expect, jest } from '@jest/globals'
import fc from 'fast-check'

/** How many examples a property over HTTP is tried on. Set `FUZZ_RUNS` for a longer search. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 40)

/** How long one example may take: a page that has not come by then never comes. */
const EXAMPLE_LIMIT_MS = 10_000

/** How long a test may take, for Jest; the search for a smaller counterexample ends before. */
export const TEST_LIMIT_MS = 60_000 + RUNS * 500

/**
 * Tries a property on `examples` and on as many generated values as `FUZZ_RUNS` says, `times` as many
 * where nothing has to be sent. A failure names the seed and the smallest counterexample.
 */
export async function fuzz<Values extends unknown[]>(
  property: fc.IAsyncProperty<Values> | fc.IProperty<Values>,
  { examples = [], times = 1 }: { examples?: Values[]; times?: number } = {},
): Promise<void> {
  await fc.assert(property as fc.IAsyncProperty<Values>, {
    examples,
    numRuns: examples.length + RUNS * times,
    timeout: EXAMPLE_LIMIT_MS,
    interruptAfterTimeLimit: TEST_LIMIT_MS - 20_000,
    markInterruptAsFailure: true,
  })
}

const CONSOLE = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const

/**
 * Makes every test of a file fail that prints anything, or changes what all objects inherit from. To be
 * called once, outside of all tests. Jest itself fails a test that leaves a rejection unhandled.
 */
export function expectSilence(): void {
  const printed: unknown[] = []
  const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype]
  const before = prototypes.map((prototype) => Reflect.ownKeys(prototype))

  beforeEach(() => {
    printed.length = 0
    const note = (...values: unknown[]): void => void printed.push(...values)
    for (const name of CONSOLE) jest.spyOn(console, name).mockImplementation(note)
    for (const stream of [process.stdout, process.stderr]) {
      jest.spyOn(stream, 'write').mockImplementation((text) => {
        note(text)
        return true
      })
    }
  })
  afterEach(() => {
    jest.restoreAllMocks()
    expect(printed).toEqual([])
    expect(prototypes.map((prototype) => Reflect.ownKeys(prototype))).toEqual(before)
  })
}

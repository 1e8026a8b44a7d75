import { inspect } from 'node:util'
import { expect } from '@jest/globals'

/** Everything that a log could show of an error: its message and stack, its JSON, and what `console.log` prints. */
function everythingIn(error: unknown): string {
  const { message, stack } = error as Error
  return [
    message,
    stack,
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true }),
  ].join('\n')
}

/** None of these texts is anywhere in the error, its causes included. */
export function expectNoneOf(secrets: readonly string[], error: unknown): void {
  const shown = everythingIn(error)
  expect(secrets.filter((secret) => secret === '' || shown.includes(secret))).toEqual([])
}

/** What a function throws; `undefined` when it throws nothing. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

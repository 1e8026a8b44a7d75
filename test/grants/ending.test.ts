import { setImmediate } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { createEnding } from '../../src/grants/ending.js'
import { createUnderWay } from '../../src/lib/under-way.js'

it('ending thousands of logins of an account lets others run in between', async () => {
  const records = Array.from({ length: 1_000 }, (_, id) => ({
    id: `login-${id}`,
    record: { of: { names: [] } },
  }))
  let sinceOthersRan = 0
  let longest = 0
  const ending = createEnding({
    engine: {
      end: () => {
        longest = Math.max(longest, ++sinceOthersRan)
        return Promise.resolve({ tokens: [], of: { names: [] }, strategy: 'x' })
      },
    },
    index: { unlink: () => Promise.resolve() },
    accountGrants: { of: () => Promise.resolve(records), loginsOf: () => Promise.resolve([]) },
    revoking: { ended: () => Promise.resolve() },
    sessionStore: () => undefined,
    underWay: createUnderWay(),
    onEnded: () => undefined,
  } as never)
  const state = { isDone: false }
  const done = ending.endGrant({ account: 'ada' }).finally(() => (state.isDone = true))
  while (!state.isDone) {
    await setImmediate()
    sinceOthersRan = 0
  }
  expect(await done).toBe(1_000)
  expect(longest).toBeLessThanOrEqual(20)
})

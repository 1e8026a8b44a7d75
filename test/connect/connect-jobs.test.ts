import { Readable } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { createJobs } from '../../src/connect/connect-jobs.js'
import { ConfigurationError, Grants } from '../../src/index.js'
import { partsOf } from '../../src/grants/grants.js'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import type { GrantJobs, RenewedIdle } from '../../src/grants/strategy-jobs.js'
import { GRANT_SECRET } from '../support/grant-modes.js'

const ONE_RENEWED: RenewedIdle = { renewed: 1, loginRequired: 0, failed: 0 }
const FAILURE = new Error('It cannot be opened.')

/** The work of three: the first fails, and the second does not end before the third has begun. */
function createWork(): (name: string) => Promise<RenewedIdle> {
  let begin = (): void => undefined
  const thirdHasBegun = new Promise<void>((resolve) => {
    begin = resolve
  })
  return async (name) => {
    if (name === 'first') throw FAILURE
    if (name === 'second') await thirdHasBegun
    else begin()
    done.push(name)
    return ONE_RENEWED
  }
}

let done: string[] = []
const NAMES = ['first', 'second', 'third']

describe('the jobs of connections', () => {
  it('renew several targets at once, and report a failure after all of them', async () => {
    done = []
    const work = createWork()
    const jobs = createJobs({
      disconnect: () => Promise.resolve(0),
      targets: {
        others: () => Readable.from(NAMES) as AsyncIterable<string>,
        strategyForJob: (name) =>
          Promise.resolve({
            jobs: { renewIdle: () => work(name) } as unknown as GrantJobs,
          } as never),
      },
    })
    await expect(jobs.renewIdle(0)).rejects.toBe(FAILURE)
    expect(done.sort()).toEqual(['second', 'third'])
  })
})

describe('the jobs of grants', () => {
  function grantsWith(renewIdle: (name: string) => Promise<RenewedIdle>): Grants {
    const grants = new Grants(createMemoryStore(), { secret: GRANT_SECRET })
    for (const name of NAMES) {
      const jobs: GrantJobs = {
        name,
        erase: async (account) => (await renewIdle(name)).renewed + Number(account),
        renewIdle: () => renewIdle(name),
        import: () => Promise.reject(new ConfigurationError('Not here.', 'strategy')),
      }
      held.push(jobs)
      partsOf(grants).strategies.add(name, jobs)
    }
    return grants
  }
  /** The grants hold them weakly. */
  const held: GrantJobs[] = []

  it('renew those of several strategies at once, and report a failure after all of them', async () => {
    done = []
    const grants = grantsWith(createWork())
    await expect(grants.renewIdle({ olderThanDays: 1 })).rejects.toBe(FAILURE)
    expect(done.sort()).toEqual(['second', 'third'])
  })

  it('erase what can be erased, and report a failure after that', async () => {
    done = []
    const grants = grantsWith((name) => {
      if (name === 'first') return Promise.reject(FAILURE)
      done.push(name)
      return Promise.resolve(ONE_RENEWED)
    })
    await expect(grants.eraseAccount(0)).rejects.toBe(FAILURE)
    expect(done).toEqual(['second', 'third'])
  })
})

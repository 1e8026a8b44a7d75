import { describe, expect, it } from '@jest/globals'
import { createFairShare } from '../../src/connect/fair-share.js'

describe('the fair share of a person', () => {
  it('lets so much be under way of each, and more when something is over, however it ends', async () => {
    const share = createFairShare(2)
    const ends: ((failure?: Error) => void)[] = []
    const work = (): Promise<string> =>
      new Promise((resolve, reject) => {
        ends.push((failure) => (failure === undefined ? resolve('done') : reject(failure)))
      })
    const tooMany = { code: 'ERR_NOT_CONNECTABLE', reason: 'too_many' }
    const first = share('ada', work)
    const second = share('ada', work)
    await expect(share('ada', work)).rejects.toMatchObject(tooMany)
    const other = share('ben', work)
    expect(ends).toHaveLength(3)

    ends[0]?.(new Error('It has failed.'))
    await expect(first).rejects.toThrow('It has failed.')
    const third = share('ada', work)
    await expect(share('ada', work)).rejects.toMatchObject(tooMany)
    for (const end of ends) end()
    expect(await Promise.all([second, other, third])).toEqual(['done', 'done', 'done'])
  })
})

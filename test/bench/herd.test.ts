import { describe, expect, it } from '@jest/globals'
import { runHerd } from '../../bench/herd/run.js'

describe('a herd of grants that are due at once', () => {
  it('loses no login, opens no more connections than the limit, and lets nobody wait whose token is valid', async () => {
    const figures = await runHerd({ grants: 2_400, perSecond: 1_200 })
    expect(figures).toMatchObject({
      'token requests': 2_400,
      'refresh tokens used twice': 0,
      'logins lost': 0,
      'errors while due': 0,
      'expired token: got one': 1_200,
    })
    expect(figures['most connections']).toBeLessThanOrEqual(32)
    // They were all served before the provider had answered more than the first few.
    expect(figures['due tokens served after, token requests']).toBeLessThan(1_200)
  })
})

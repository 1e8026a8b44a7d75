import { describe, expect, it } from '@jest/globals'
import { refuseUnderBun } from '../../src/options/refuse-under-bun.js'
import { thrownBy } from '../support/errors.js'

// `npm run test:ecosystem -- bundlers` does it under Bun.
describe('an option that needs an agent of undici', () => {
  const refusal = (versions: object): unknown =>
    thrownBy(() => refuseUnderBun('dispatcher', 'dispatcher', { ...versions }))

  it('is refused under Bun, which would ignore it, with what to do', () => {
    expect(refusal({ ...process.versions, bun: '1.4.5' })).toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'dispatcher',
      message: expect.stringMatching(/refused under Bun.*proxy.*Run the application with Node\.js/),
    })
  })

  it('is taken under Node.js', () => {
    expect(thrownBy(() => refuseUnderBun('dispatcher', 'dispatcher'))).toBeUndefined()
  })
})

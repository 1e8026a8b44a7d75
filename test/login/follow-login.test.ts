import { expect, it } from '@jest/globals'
import { followLogin } from '../../src/login/deliver-login.js'
import type { DecidedLogin, Delivery } from '../../src/login/deliver-login.js'

it('the same callback starts the login again if nobody ever says how the first one has ended', async () => {
  const delivery = {
    place: { before: () => Promise.resolve(undefined) },
  } as unknown as Delivery<DecidedLogin>
  const outcome = await followLogin({ returnTo: '/orders', login: undefined }, '/orders', delivery)
  expect(outcome).toEqual({ action: 'restart', returnTo: '/orders' })
})

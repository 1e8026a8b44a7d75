import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { requiredBy, startConnectingApp } from '../support/connecting-app.js'
import type { ConnectingApp } from '../support/connecting-app.js'
import { advanceClock } from '../support/clock.js'
import { ACCESS_TOKEN_SECONDS, startRegisteringProvider } from '../support/registering-provider.js'
import type { RegisteringProvider } from '../support/registering-provider.js'
import type { Browser } from '../support/http.js'

let server: RegisteringProvider
let app: ConnectingApp
let anna: Browser
beforeEach(async () => {
  server = await startRegisteringProvider()
  app = await startConnectingApp()
  anna = await app.logIn('anna')
})
afterEach(async () => {
  await Promise.all([app.close(), server.close()])
})

const call = (): Promise<Response> => app.connections.fetchFor({ account: 'anna' })(server.address)

/** Connects, with as many redirects as the provider needs. */
async function connect(): Promise<void> {
  const { location = '' } = await app.connect(anna, server.address)
  await anna.follow(location)
}

it('connects, calls, refreshes, steps up and disconnects at oidc-provider with registration', async () => {
  await connect()
  expect(await (await call()).json()).toEqual({ scopes: ['read'] })

  advanceClock(ACCESS_TOKEN_SECONDS + 60)
  const answers = await Promise.all(Array.from({ length: 20 }, call))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(server.events).toEqual(['registration', 'authorization_code', 'refresh_token'])
  expect(server.resources).toEqual([server.address, server.address])

  server.neededScope = 'write'
  expect((await requiredBy(call())).reason).toBe('insufficient_scope')
  await connect()
  expect(await (await call()).json()).toEqual({ scopes: ['read', 'write'] })

  const restarted = await startConnectingApp({ grants: app.grants })
  const answer = await restarted.connections.fetchFor({ account: 'anna' })(server.address)
  expect(answer.status).toBe(200)
  await restarted.close()

  expect(await app.connections.disconnect({ account: 'anna' }, server.address)).toBe(true)
  expect((await requiredBy(call())).reason).toBe('not_connected')
  expect(server.events.filter((one) => one === 'registration')).toHaveLength(1)
})

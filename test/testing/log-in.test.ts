import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { logInAgent, logInFetch, startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'

let provider: TestProvider
let app: TestApp

beforeEach(async () => {
  provider = await startTestProvider()
  app = await startApp({ strategy: provider.options, router: {} })
})
afterEach(async () => {
  await app.close()
  await provider.close()
})

describe('logInAgent', () => {
  it('logs a supertest agent in through the real flow', async () => {
    const agent = await logInAgent(request.agent(app.app), '/auth/login')
    const { body } = await agent.get('/private').expect(200)
    expect(body).toMatchObject({ user: { id: 'ada' } })
    expect(provider.requests.map(({ endpoint }) => endpoint)).toEqual([
      'authorize',
      'token',
      'userinfo',
    ])
    // Nobody else is.
    await request(app.app).get('/private').set('accept', 'application/json').expect(401)
  })

  it('says where it went wrong', async () => {
    const agent = request.agent(app.app)
    await expect(logInAgent(agent, '/nowhere')).rejects.toThrow(/\/nowhere did not redirect.*404/)
    provider.fail('authorize', 500)
    await expect(logInAgent(agent, '/auth/login')).rejects.toThrow(
      /The provider did not redirect.*500/,
    )
    provider.fail('token', 'invalid_grant')
    await expect(logInAgent(agent, '/auth/login')).rejects.toThrow(/The callback answered 400/)
  })

  it('does not take a refused login for one, where the application sends the person on', async () => {
    const kind = await startApp({ strategy: provider.options, router: { failureRedirect: '/' } })
    provider.fail('authorize', 'denied')
    const login = logInAgent(request.agent(kind.app), '/auth/login')
    await expect(login).rejects.toThrow('The provider refused the login: access_denied')
    await kind.close()
  })
})

describe('logInFetch', () => {
  it('gives a fetch that is logged in, and logs out', async () => {
    const browse = await logInFetch(app.origin, '/auth/login')
    const page = await browse('/private')
    expect(await page.json()).toMatchObject({ user: { id: 'ada' } })
    const headers = { 'sec-fetch-site': 'same-origin' }
    expect((await browse('/auth/logout', { method: 'POST', headers })).status).toBe(303)
    expect((await browse('/private', { headers: { accept: 'application/json' } })).status).toBe(401)
  })

  it('logs several people in beside each other', async () => {
    const ada = await logInFetch(app.origin, '/auth/login')
    provider.user = { sub: 'grace' }
    const grace = await logInFetch(app.origin, '/auth/login')
    expect(await (await ada('/private')).json()).toMatchObject({ user: { id: 'ada' } })
    expect(await (await grace('/private')).json()).toMatchObject({ user: { id: 'grace' } })
  })
})

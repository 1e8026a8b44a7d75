import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

let provider: ScriptedProvider
let app: TestApp

beforeAll(async () => {
  provider = await startScriptedProvider()
  const { authorizationURL, tokenURL, profileURL } = provider
  app = await startApp({
    strategy: { authorizationURL, tokenURL, profileURL, clientSecret: 'secret-1' },
  })
})
beforeEach(() => provider.reset())
afterEach(() => void app.errors.splice(0))
afterAll(async () => {
  await app.close()
  await provider.close()
})

describe('a login', () => {
  it('ends with the person known and the tokens in the session, by one token request', async () => {
    const browser = new Browser()
    const page = await browser.follow(app.loginURL)

    expect(page.url).toBe(`${app.origin}/`)
    expect(JSON.parse(page.text)).toMatchObject({ user: { provider: 'oauth2', id: 'ada' } })
    const { tokens } = JSON.parse((await browser.visit(`${app.origin}/tokens`)).text) as Record<
      string,
      object
    >
    expect(tokens).toMatchObject({ accessToken: expect.any(String), tokenType: 'bearer' })
    expect(provider.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /token',
      'GET /me',
    ])
    expect(app.errors).toEqual([])
  })
})

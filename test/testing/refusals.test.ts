import { describe, expect, it } from '@jest/globals'
import { MemoryGrants, StepUpRequiredError } from '../../src/index.js'
import type { TestRefusal } from '../../src/testing.js'
import { setTestProviderScene } from '../support/test-provider-scene.js'
import { until } from '../support/until.js'

const scene = setTestProviderScene()

const ADA = { account: 'default-user/oauth2/ada' }

describe('a refusal by a test provider, with any code,', () => {
  it.each<TestRefusal>([
    { error: 'temporarily_unavailable' },
    { error: 'consent_required', description: 'She has to agree first' },
    { error: 'something_of_its_own' },
  ])('comes with the authorization response: %j', async (fault) => {
    const { provider, browser } = scene
    const app = await scene.start()
    provider.fail('authorize', fault)
    const { location = '' } = await browser.visit(app.loginURL)
    const callback = new URL((await browser.visit(location)).location ?? '')
    expect(callback.searchParams.get('error')).toBe(fault.error)
    expect(callback.searchParams.get('error_description')).toBe(fault.description ?? null)
    expect(callback.searchParams.get('iss')).toBe(provider.options.issuer)
    expect((await browser.visit(callback.href)).status).toBeGreaterThanOrEqual(400)
    expect(await scene.whoIs(app)).toBeUndefined()
    await browser.follow(app.loginURL)
    expect(await scene.whoIs(app)).toBe('ada')
  })

  it('is a page of the provider if it has a status', async () => {
    const { provider, browser } = scene
    const app = await scene.start()
    provider.fail('authorize', { error: 'unauthorized_client', status: 403 })
    const page = await browser.follow(app.loginURL)
    expect([page.status, new URL(page.url).origin]).toEqual([403, provider.options.issuer])
  })

  it.each([
    [{ error: 'unauthorized_client' }, 400],
    [{ error: 'invalid_client' }, 401],
    [{ error: 'slow_down', description: 'Not so fast', status: 429 }, 429],
  ])('comes with the token response of a login: %j', async (fault, httpStatus) => {
    const { provider, browser } = scene
    const app = await scene.start()
    provider.fail('token', fault)
    await browser.follow(app.loginURL)
    expect(app.errors).toMatchObject([{ error: fault.error, httpStatus }])
    expect(await scene.whoIs(app)).toBeUndefined()
  })

  it('comes with the response to a refresh, whose refresh token stays usable', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ grants: new MemoryGrants(), name: 'oauth2' })
    await browser.follow(app.loginURL)
    const refused = await app.strategy.accessToken(ADA)
    provider.fail('token', { error: 'invalid_client' })
    const renewed = app.strategy.accessToken(ADA, { refused })
    await expect(renewed).rejects.toMatchObject({ error: 'invalid_client', httpStatus: 401 })
    provider.reset()

    const again = await scene.start({ grants: new MemoryGrants(), name: 'oauth2' })
    await browser.follow(again.loginURL)
    const before = await again.strategy.accessToken(ADA)
    provider.fail('token', { error: 'consent_required' })
    const gone = again.strategy.accessToken(ADA, { refused: before })
    await expect(gone).rejects.toMatchObject({ code: 'ERR_LOGIN_REQUIRED' })
  })

  it('comes with a revocation, and the token stays valid', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ grants: new MemoryGrants(), name: 'oauth2' })
    await browser.follow(app.loginURL)
    const kept = await app.strategy.accessToken(ADA)
    // The library tries the access token if the refresh token is refused.
    provider.fail('revoke', { error: 'unsupported_token_type' }, 2)
    await app.strategy.endGrant(ADA)
    await until(() => provider.requestsTo('revoke').length === 2)
    expect(provider.introspect(kept)).toBeDefined()

    await browser.follow(app.loginURL)
    const revoked = await app.strategy.accessToken(ADA)
    await app.strategy.endGrant(ADA)
    await until(() => provider.introspect(revoked) === undefined)
    expect(provider.introspect(kept)).toBeDefined()
  })

  it('comes with the profile, in WWW-Authenticate', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ grants: new MemoryGrants(), name: 'oauth2' })
    provider.fail('userinfo', { error: 'invalid_request', description: 'No "profile" today' })
    await browser.follow(app.loginURL)
    expect(app.errors).toMatchObject([{ code: 'ERR_PROFILE', httpStatus: 400 }])

    await browser.follow(app.loginURL)
    provider.fail('userinfo', { error: 'insufficient_scope' })
    const asked = app.strategy.fetch(ADA, provider.options.profileURL)
    await expect(asked).rejects.toThrow(StepUpRequiredError)
  })
})

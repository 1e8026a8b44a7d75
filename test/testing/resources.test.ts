import { describe, expect, it } from '@jest/globals'
import { MemoryGrants } from '../../src/index.js'
import { setTestProviderScene } from '../support/test-provider-scene.js'

const scene = setTestProviderScene()
const ADA = { account: 'default-user/oauth2/ada' }
const FILES = 'https://files.example/'
const MAIL = 'https://mail.example/'

describe('an access token of a test provider', () => {
  it('can be checked by an API: who, what for, how long', async () => {
    const { provider, browser } = scene
    const app = await scene.start({
      resource: [FILES, MAIL],
      grants: new MemoryGrants(),
      name: 'oauth2',
    })
    await browser.follow(app.loginURL)
    const token = await app.strategy.accessToken(ADA)
    expect(provider.introspect(token)).toMatchObject({
      user: { sub: 'ada' },
      scope: 'openid email',
      resources: [FILES, MAIL],
    })
    const forMail = await app.strategy.accessToken(ADA, { resource: MAIL, scope: 'email' })
    expect(provider.introspect(forMail)).toMatchObject({ scope: 'email', resources: [MAIL] })
    expect(provider.introspect('made up')).toBeUndefined()

    provider.clock.advance(3_599_000)
    expect(provider.introspect(token)).toBeDefined()
    provider.clock.advance(2_000)
    expect(provider.introspect(token)).toBeUndefined()
    provider.clock.advance(-10_000)
    provider.endGrants()
    expect(provider.introspect(forMail)).toBeUndefined()
  })
})

describe('resource at a test provider', () => {
  it('is shown in the requests, at both endpoints', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ resource: [FILES, MAIL] })
    await browser.follow(app.loginURL)
    expect(provider.requestsTo('authorize')[0]?.resources).toEqual([FILES, MAIL])
    expect(provider.requestsTo('token')[0]?.resources).toEqual([FILES, MAIL])
    expect(provider.requestsTo('userinfo')[0]?.resources).toEqual([])
  })

  it('is refused at the login for an API that there is not', async () => {
    const { provider, browser } = scene
    const app = await scene.start({ resource: MAIL })
    provider.resources = [FILES]
    await browser.follow(app.loginURL)
    expect(app.errors).toMatchObject([{ error: 'invalid_target' }])
    expect(await scene.whoIs(app)).toBeUndefined()
  })

  it.each([
    ['an API that there is not', [FILES], FILES, MAIL],
    ['an API that the login has not named', undefined, FILES, MAIL],
    ['what is no absolute URI', undefined, [], 'mail'],
  ])('is refused to a refresh for %s, which changes nothing', async (_what, there, asked, use) => {
    const { provider, browser } = scene
    const grants = new MemoryGrants()
    const app = await scene.start({ resource: asked, grants, name: 'oauth2' })
    await browser.follow(app.loginURL)
    provider.resources = there
    const own = await app.strategy.accessToken(ADA)
    const forUse = app.strategy.accessToken(ADA, { resource: use })
    await expect(forUse).rejects.toThrow()
    expect(await app.strategy.accessToken(ADA, { refused: own })).toMatch(/^access-token-/)
    expect(provider.reused).toEqual([])
  })
})

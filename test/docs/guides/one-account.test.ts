import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Browser } from '../../support/http.js'
import type { Page } from '../../support/http.js'
import { listed, OneAccountScene, userOn } from '../../support/one-account-scene.js'

jest.setTimeout(180_000)

let scene: OneAccountScene
beforeAll(async () => {
  scene = await OneAccountScene.create()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

describe('the guide to one account with several providers', () => {
  it('has an app where a person logs in with either provider, and is one user', async () => {
    const { ada, adaAtGitHub } = scene.people
    expect((await scene.browser.visit(`${scene.url}/settings`)).location).toBe(
      `${scene.url}/login?return_to=%2Fsettings`,
    )
    expect(await scene.logIn('google', ada)).toBe(ada.name)
    const [authorization] = scene.google.requestsTo('authorize')
    expect(authorization?.parameters).toMatchObject({
      access_type: 'offline',
      prompt: 'select_account',
    })
    const page = await scene.connect('github', adaAtGitHub)
    expect(listed(page)).toEqual([`google: ${ada.email}`, `github: ${adaAtGitHub.name}`])
    expect(page.text).not.toContain('please connect it again')
    expect(await scene.logIn('github', adaAtGitHub, new Browser())).toBe(ada.name)
  })

  it('sends a person who is not logged in to the login first, and connects afterwards', async () => {
    const path = '/auth/github/connect?return_to=/settings'
    const page = await scene.browser.follow(scene.url + path)
    expect(new URL(page.url).searchParams.get('return_to')).toBe(path)
    expect(scene.github.requests).toEqual([])
    const [, href = ''] = /href="([^"]+)">Log in with google/.exec(page.text) ?? []
    scene.at('google', scene.people.ada)
    scene.at('github', scene.people.adaAtGitHub)
    const settings = await scene.browser.follow(scene.url + href.replaceAll('&#38;', '&'))
    expect([userOn(settings), listed(settings).length]).toEqual([scene.people.ada.name, 2])
  })

  it('lists several accounts of one provider, and disconnects each with its tokens', async () => {
    const { ada, alice, adaAtGitHub } = scene.people
    await scene.logIn('google', ada)
    await scene.connect('google', alice)
    const page = await scene.connect('github', adaAtGitHub)
    expect(listed(page)).toHaveLength(3)

    const after = await scene.press(page, `value="${alice.key}"`)
    expect(listed(after)).toEqual([`google: ${ada.email}`, `github: ${adaAtGitHub.name}`])
    expect(scene.google.requestsTo('revoke')).toHaveLength(1)

    const last = await scene.press(after, `value="${adaAtGitHub.key}"`)
    expect(listed(last)).toEqual([`google: ${ada.email}`])
    expect(scene.calls).toEqual([
      expect.stringMatching(/^DELETE \/applications\/test-client\/grant .+access_token/),
    ])
    const refused = await scene.press(last, `value="${ada.key}"`)
    expect([refused.status, refused.text]).toEqual([409, 'This is your only way to log in.'])
    expect(await scene.logIn('google', alice, new Browser())).toBe(alice.name)
  })

  it.each([undefined, 503])(
    'disconnects here also if GitHub answers %s, and says what is left',
    async (status) => {
      await scene.logIn('google', scene.people.ada)
      const page = await scene.connect('github', scene.people.adaAtGitHub)
      scene.githubStatus = status
      const left = await scene.press(page, `value="${scene.people.adaAtGitHub.key}"`)
      expect([left.status, scene.calls.length]).toEqual([200, 1])
      expect(left.text).toContain('https://github.com/settings/applications')
      expect(listed(await scene.browser.visit(`${scene.url}/settings`))).toEqual([
        `google: ${scene.people.ada.email}`,
      ])
    },
  )

  it('disconnects nothing but what the person has connected', async () => {
    const { ada, adaAtGitHub } = scene.people
    await scene.logIn('github', adaAtGitHub, new Browser())
    await scene.logIn('google', ada)
    const unlink = (fields: Record<string, string>): Promise<Page> =>
      scene.browser.post(`${scene.url}/settings/unlink`, fields)
    const refused = { status: 404, text: 'You have not connected this account.' }
    expect(await unlink({ provider: 'github', id: adaAtGitHub.key })).toMatchObject(refused)
    expect(await unlink({})).toMatchObject(refused)
    for (const [action, status] of Object.entries({ unlink: 404, move: 409 })) {
      const headers = { 'sec-fetch-site': 'same-origin' }
      const page = await scene.browser.request(`${scene.url}/settings/${action}`, {
        method: 'POST',
        headers,
      })
      expect([action, page.status]).toEqual([action, status])
    }
  })

  it('says so to a person who has said no, and leads back', async () => {
    scene.google.fail('authorize', 'denied')
    const refused = await scene.browser.follow(`${scene.url}/auth/google/login`)
    expect(refused).toMatchObject({
      status: 200,
      text: 'Nothing was changed. <a href="/login">Go back</a>',
    })
    await scene.logIn('google', scene.people.ada)
    scene.github.fail('authorize', 'denied')
    const page = await scene.connect('github', scene.people.adaAtGitHub)
    expect(page.text).toBe('Nothing was changed. <a href="/settings">Go back</a>')
  })

  it('leads to the login after logging out, and after disconnecting what one is logged in with', async () => {
    const { ada, adaAtGitHub } = scene.people
    await scene.logIn('google', ada)
    const page = await scene.connect('github', adaAtGitHub)
    const loggedOut = { status: 200, url: `${scene.url}/login?return_to=%2Fsettings` }
    expect(await scene.press(page, `value="${ada.key}"`)).toMatchObject(loggedOut)
    expect(await scene.logIn('github', adaAtGitHub)).toBe(ada.name)
    const settings = await scene.browser.visit(`${scene.url}/settings`)
    expect(await scene.press(settings, 'Log out')).toMatchObject({
      status: 200,
      url: `${scene.url}/login`,
    })
  })

  it('moves an account to another user after both are confirmed', async () => {
    const { ada, adaAtGitHub } = scene.people
    const other = new Browser()
    expect(await scene.logIn('github', adaAtGitHub, other)).toBe(adaAtGitHub.name)
    await scene.logIn('google', ada)
    const page = await scene.connect('github', adaAtGitHub)
    expect(listed(page)).toEqual([`google: ${ada.email}`])
    expect(page.text).toContain(`belongs to the account of ${adaAtGitHub.name}`)

    const moved = await scene.press(page, `Move it from ${adaAtGitHub.name} to ${ada.name}`)
    expect(listed(moved)).toEqual([`google: ${ada.email}`, `github: ${adaAtGitHub.name}`])
    expect(userOn(moved)).toBe(ada.name)
    expect(scene.calls).toHaveLength(1)
    expect((await other.visit(`${scene.url}/settings`)).status).toBe(302)
    expect(await scene.logIn('github', adaAtGitHub, new Browser())).toBe(ada.name)
  })

  it('moves nothing that was not confirmed for this very account, or by another site', async () => {
    const { ada, adaAtGitHub } = scene.people
    await scene.logIn('github', adaAtGitHub, new Browser())
    await scene.logIn('google', ada)
    const move = (fields: object, headers = {}) =>
      scene.browser.post(`${scene.url}/settings/move`, { ...form, ...fields }, headers)
    let form = { provider: 'github', id: adaAtGitHub.key, from: '1' }
    expect((await move({})).status).toBe(409)
    const page = await scene.connect('github', adaAtGitHub)
    form = { ...form, from: /name="from" value="(\d+)"/.exec(page.text)?.[1] ?? '' }
    expect((await move({}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await move({ id: '666' })).status).toBe(409)
    // The confirmation counts once, also if it was for something else.
    expect((await move({})).status).toBe(409)
    expect(await scene.logIn('github', adaAtGitHub, new Browser())).toBe(adaAtGitHub.name)
  })

  it('moves nothing that is not that user’s any more', async () => {
    const { ada, alice, adaAtGitHub } = scene.people
    const other = new Browser()
    await scene.logIn('google', alice, other)
    const theirs = await scene.connect('github', adaAtGitHub, other)
    await scene.logIn('google', ada)
    const page = await scene.connect('github', adaAtGitHub)
    await scene.press(theirs, `value="${adaAtGitHub.key}"`, other)
    const refused = await scene.press(page, `Move it from ${alice.name} to ${ada.name}`)
    expect(refused).toMatchObject({ status: 409, text: 'Please connect it again.' })
    expect(listed(await scene.browser.visit(`${scene.url}/settings`))).toHaveLength(1)
  })

  it('says once that an account has to be connected again whose move has expired', async () => {
    scene.url = await scene.start((code) =>
      code.replace('isRecent(at)', 'isRecent(at - RECENT_MS)'),
    )
    const { ada, adaAtGitHub } = scene.people
    await scene.logIn('github', adaAtGitHub, new Browser())
    await scene.logIn('google', ada)
    const page = await scene.connect('github', adaAtGitHub)
    expect(page.text).toContain(`To move ${adaAtGitHub.name}, please connect it again.`)
    expect(page.text).not.toContain('Move it from')
    expect((await scene.browser.visit(`${scene.url}/settings`)).text).not.toContain('To move')
  })

  it('can be tried out with test providers', async () => {
    scene.url = await scene.startWithTestProviders()
    const page = await scene.browser.follow(`${scene.url}/auth/google/login`)
    expect(userOn(page)).toBe('Ada Lovelace')
    const path = '/auth/github/connect?return_to=/settings'
    expect(listed(await scene.browser.follow(scene.url + path))).toHaveLength(2)
  })
})

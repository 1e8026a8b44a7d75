import { beforeEach, describe, expect, it } from '@jest/globals'
import { cookiePendingLogins } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { changed, startLogin } from '../support/login.js'
import { setScene } from '../support/scene.js'
import type { SceneAppOptions } from '../support/scene.js'
import { json } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const scene = setScene()
let provider: ScriptedProvider
let browser: Browser

beforeEach(() => {
  ;({ provider } = scene)
  browser = new Browser()
})

const DENIED = { code: undefined, error: 'access_denied', error_description: 'Ada said “No”.' }

/** Starts a login that is to lead to a page, and answers it. */
async function answer(
  app: TestApp,
  parameters: Record<string, string | undefined> = {},
  path = '/cart?step=2',
): Promise<Page> {
  const url = `${app.loginURL}?return_to=${encodeURIComponent(path)}`
  const { callback } = await startLogin(browser, url)
  return browser.visit(changed(callback, parameters))
}

const LINK = 'href="/auth/login?return_to=%2Fcart%3Fstep%3D2"'

describe('“Log in again”', () => {
  const stores: [string, SceneAppOptions['strategy']][] = [
    ['the session', {}],
    [
      'a cookie',
      { pendingLogins: cookiePendingLogins({ secret: 'a secret of at least 32 characters' }) },
    ],
  ]

  it.each(stores)('leads on to where they wanted to go, from %s', async (_, strategy) => {
    const app = await scene.start({ router: {}, ...(strategy && { strategy }) })
    const refused = await answer(app, DENIED)
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining(LINK)])

    provider.onToken(json({ error: 'invalid_grant' }, 400))
    const failed = await answer(app)
    expect([failed.status, failed.text]).toEqual([400, expect.stringContaining(LINK)])

    const malformed = await answer(app, { code: undefined })
    expect([malformed.status, malformed.text]).toEqual([400, expect.stringContaining(LINK)])
  })

  it('does so after a login that was left open for too long', async () => {
    const app = await scene.start({ router: {}, strategy: { pendingLoginLifetimeMs: 1 } })
    const page = await answer(app)
    expect(page.status).toBe(400)
    expect(page.text).toContain('It was left open for too long.')
    expect(page.text).toContain(LINK)
  })

  it('leads to no other site, whatever return_to says', async () => {
    const app = await scene.start({ router: {} })
    const page = await answer(app, DENIED, '//evil.example')
    expect(page.text).toContain('href="/auth/login"')
    expect(page.text).not.toContain('evil')
  })

  it('knows nothing of a forged callback', async () => {
    const app = await scene.start({ router: {} })
    const page = await browser.visit(`${app.callbackURL}?state=x&code=y&return_to=/cart`)
    expect(page.text).toContain('href="/auth/login"')
  })
})

describe('failureRedirect', () => {
  it.each([
    ['/sorry', '/sorry?error=access_denied&return_to=%2Fcart%3Fstep%3D2'],
    ['/sorry?a=1#top', '/sorry?a=1&error=access_denied&return_to=%2Fcart%3Fstep%3D2#top'],
    [
      'https://www.example/sorry',
      'https://www.example/sorry?error=access_denied&return_to=%2Fcart%3Fstep%3D2',
    ],
  ])('%s receives the error and return_to, and never a description', async (to, expected) => {
    const app = await scene.start({ router: { failureRedirect: to } })
    expect((await answer(app, DENIED)).headers.get('location')).toBe(expected)
  })

  it('says that verify has refused', async () => {
    const app = await scene.start({ router: { failureRedirect: '/sorry' }, verify: () => false })
    expect((await answer(app)).headers.get('location')).toBe(
      '/sorry?error=verify&return_to=%2Fcart%3Fstep%3D2',
    )
  })
})

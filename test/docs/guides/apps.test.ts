import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { findFreePort, startProgram } from '../../support/child-process.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'
import { takeRsaKeyPair } from '../../support/keys.js'

jest.setTimeout(60_000)

let project: GuideProject
const providers: TestProvider[] = []

beforeAll(async () => {
  project = await createGuideProject()
})
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close()
})
afterAll(() => project.remove())

async function startProvider(sub: string): Promise<TestProvider> {
  const provider = await startTestProvider({ user: { sub, name: `Somebody at ${sub}` } })
  providers.push(provider)
  return provider
}

/** The environment variables by which an app knows its provider. */
function accountAt({ options }: TestProvider, prefix = ''): Record<string, string> {
  return {
    [`${prefix}ISSUER`]: options.issuer,
    [`${prefix}CLIENT_ID`]: options.clientID,
    [`${prefix}CLIENT_SECRET`]: options.clientSecret,
  }
}

describe('the guide to key rotation', () => {
  it('has an app that signs with the first key and publishes both', async () => {
    const [app] = appsIn(await readGuide('docs/key-rotation.md'))
    const provider = await startProvider('ada')
    const [present, next] = [makeKey(), makeKey()]
    const { url } = await project.start(app, () => ({
      ...accountAt(provider),
      KEY: present,
      NEXT_KEY: next,
    }))
    const browser = new Browser()

    const published = JSON.parse(
      (await browser.visit(`${url}/auth/jwks.json`)).text,
    ) as JSONWebKeySet
    const me = await browser.follow(`${url}/me`)

    expect(JSON.parse(me.text)).toMatchObject({ id: 'ada' })
    const [exchange] = provider.requestsTo('token')
    const assertion = exchange?.parameters['client_assertion'] ?? ''
    await expect(jwtVerify(assertion, createLocalJWKSet(published))).resolves.toBeDefined()
    const kids = published.keys.map(({ kid }) => kid)
    expect(new Set(kids).size).toBe(2)
    expect(decodeProtectedHeader(assertion).kid).toBe(kids[0])
  })
})

function makeKey(): string {
  const { privateKey } = takeRsaKeyPair()
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

describe('the guide to several providers', () => {
  it('has an app where people choose, and come back to where they were', async () => {
    const [app] = appsIn(await readGuide('docs/several-providers.md'))
    const [work, school] = [await startProvider('ada'), await startProvider('grace')]
    const { url } = await project.start(app, () => ({
      ...accountAt(work, 'WORK_'),
      ...accountAt(school, 'SCHOOL_'),
    }))
    const browser = new Browser()

    const choice = await browser.follow(`${url}/me`)
    expect(choice.url).toBe(`${url}/login?return_to=%2Fme`)
    expect(JSON.parse((await choose('work')).text)).toEqual({
      user: { key: 'work:ada', name: 'Somebody at ada' },
      work: true,
      school: false,
    })
    expect(JSON.parse((await choose('school')).text)).toEqual({
      user: { key: 'school:grace', name: 'Somebody at grace' },
      work: false,
      school: true,
    })
    await browser.post(`${url}/auth/work/logout`)
    expect((await browser.visit(`${url}/me`)).location).toBe(`${url}/login?return_to=%2Fme`)

    async function choose(name: string) {
      const [, href = ''] = new RegExp(`href="([^"]+)">${name}<`).exec(choice.text) ?? []
      const page = await browser.follow(new URL(href, url).href)
      expect(page.url).toBe(`${url}/me`)
      return page
    }
  })

  it('has an app that connects a second provider, and disconnects it', async () => {
    const [, app] = appsIn(await readGuide('docs/several-providers.md'))
    const [work, calendar] = [await startProvider('ada'), await startProvider('grace')]
    const { url } = await project.start(app, () => ({
      ...accountAt(work, 'WORK_'),
      ...accountAt(calendar, 'CALENDAR_'),
      CALENDAR_API: calendar.options.profileURL,
    }))
    const browser = new Browser()

    const shown = await browser.follow(`${url}/calendar`)
    expect(shown.url).toBe(`${url}/calendar`)
    expect(JSON.parse(shown.text)).toMatchObject({
      user: { provider: 'work', id: 'ada' },
      calendar: { sub: 'grace' },
    })
    await browser.post(`${url}/disconnect`)
    expect((await browser.visit(`${url}/calendar`)).location).toBe(
      `${url}/auth/calendar/login?return_to=/calendar`,
    )

    const nobody = await new Browser().visit(`${url}/auth/calendar/login`)
    expect(nobody.status).toBe(401)
  })
})

describe('the guide to users', () => {
  it('has an app with users of its own', async () => {
    const [app] = appsIn(await readGuide('docs/users.md'))
    const provider = await startProvider('ada')
    const { url } = await project.start(app, () => accountAt(provider))

    const me = await new Browser().follow(`${url}/me`)

    const id = expect.stringMatching(/.:ada$/)
    expect(JSON.parse(me.text)).toEqual({ id, name: 'Somebody at ada' })
  })
})

describe('the guide to routes of your own', () => {
  it('has an app that logs a person in and out', async () => {
    const [app] = appsIn(await readGuide('docs/your-own-routes.md'))
    const provider = await startProvider('ada')
    const { url } = await project.start(app, () => accountAt(provider))
    const browser = new Browser()

    const home = await browser.follow(`${url}/login`)
    expect(home.url).toBe(`${url}/`)
    expect(JSON.parse(home.text)).toMatchObject({
      user: { provider: 'example', id: 'ada' },
      expiresAt: expect.any(Number),
    })

    const afterLogout = await browser.post(`${url}/logout`)
    expect(afterLogout).toMatchObject({ status: 303, location: `${url}/` })
    const homeAgain = await browser.visit(url)
    expect(JSON.parse(homeAgain.text)).toEqual({ user: null, expiresAt: null })
    expect(provider.requestsTo('token')).toHaveLength(1)
  })
})

describe('the guide to pending logins', () => {
  it('has an app that keeps them in cookies, one for each tab', async () => {
    const [app] = appsIn(await readGuide('docs/pending-logins.md'))
    const provider = await startProvider('ada')
    const { url } = await project.start(app, () => ({
      ...accountAt(provider),
      COOKIE_SECRET: 'a secret of 32 characters, at least',
    }))
    const browser = new Browser()

    await browser.visit(`${url}/auth/login`)
    await browser.visit(`${url}/auth/login`)
    expect([...browser.cookies(url)].map(([name]) => name)).toEqual([
      expect.stringMatching(/^__Host-login\./),
      expect.stringMatching(/^__Host-login\./),
    ])

    const me = await browser.follow(`${url}/me`)
    expect(JSON.parse(me.text)).toMatchObject({ id: 'ada' })
  })
})

describe('the guide to logging out', () => {
  it('has an app that logs people out at the provider, too', async () => {
    const [app] = appsIn(await readGuide('docs/logging-out.md'))
    const provider = await startProvider('ada')
    const { url } = await project.start(app, () => accountAt(provider))
    const browser = new Browser()
    const me = await browser.follow(`${url}/me`)
    expect(me.text).toContain('Log out')

    const { status, location = '' } = await browser.post(`${url}/auth/logout`)
    expect([status, location.startsWith(provider.options.endSessionURL)]).toEqual([303, true])
    const goodbye = await browser.follow(location)

    expect(goodbye.url).toBe(`${url}/goodbye`)
    expect(provider.requestsTo('revoke')).not.toEqual([])
    expect((await browser.visit(`${url}/me`)).status).toBe(302)
  })
})

describe('the guide to testing', () => {
  it('has a provider of its own process, at which the README’s app logs people in', async () => {
    const [script, change] = (await readGuide('docs/testing.md')).blocks
    const port = String(await findFreePort())
    const own = (code = ''): string => code.replace('4000', port)
    const file = await project.write('provider.mjs', own(script?.code))
    const standIn = await startProgram(file, {}, `The provider is at http://127.0.0.1:${port}`)
    const [app] = appsIn(await readGuide('README.md'))
    const [, line = ''] = own(change?.code).split('\n\n')
    const code = (app?.code ?? '').replace(/^const google = .*$/m, line)
    expect(code).toContain(port)
    const { url } = await project.start(app && { ...app, code }, () => ({
      GOOGLE_CLIENT_ID: 'test-client',
      GOOGLE_CLIENT_SECRET: 'test-secret',
    }))

    const me = await new Browser().follow(`${url}/me`)

    expect(JSON.parse(me.text)).toMatchObject({ sub: 'ada', name: 'Ada Lovelace' })
    await standIn.stop()
  })
})

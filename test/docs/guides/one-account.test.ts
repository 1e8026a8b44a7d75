import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import type { CodeBlock, Guide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { Browser, listen } from '../../support/http.js'
import type { Page, RunningServer } from '../../support/http.js'

jest.setTimeout(180_000)

/** A person at a provider. */
type Account = Readonly<{ key: string; name: string; email: string | null; sub?: string }>

/** People whom no other test knows. Ada has an account at each provider. */
interface People {
  readonly ada: Account
  readonly alice: Account
  readonly adaAtGitHub: Account
  readonly mallory: Account
}

let met = 0
function newPeople(): People {
  met += 1
  const atGoogle = (sub: string, name: string): Account => {
    const email = `${sub}@example.com`
    return Object.assign({ key: sub, name, email }, { sub, email_verified: true })
  }
  const atGitHub = (id: number, name: string): Account =>
    Object.assign({ key: String(id), name, email: null }, { id, login: name })
  return {
    ada: atGoogle(`ada-${met}`, `Ada ${met}`),
    alice: atGoogle(`alice-${met}`, `Alice ${met}`),
    adaAtGitHub: atGitHub(met, `Ada at GitHub ${met}`),
    mallory: atGitHub(1000 + met, `Mallory ${met}`),
  }
}

let databases = 0
let guide: Guide
let google: TestProvider
let github: TestProvider
let githubApi: RunningServer
/** What GitHub's API was asked. */
let calls: string[]
/** With what it answers; `undefined` cuts the connection. */
let githubStatus: number | undefined
let project: GuideProject
/** The guide's application, as it is. */
let right: string
/** The application of a test: that one, or one with a mistake. */
let url: string
let browser: Browser
let people: People

beforeAll(async () => {
  guide = await readGuide('docs/one-account-several-providers.md')
  google = await startTestProvider()
  github = await startTestProvider()
  githubApi = await listen((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      calls.push(`${req.method} ${req.url} ${body}`)
      if (githubStatus === undefined) res.destroy()
      else res.writeHead(githubStatus).end()
    })
  })
})
beforeAll(async () => {
  project = await createGuideProject()
  // To make a database takes seconds: the apps get copies of this one.
  const empty = new PGlite(join(project.folder, 'empty'))
  await empty.waitReady
  await empty.close()
  right = await start()
})
beforeEach(() => {
  calls = []
  githubStatus = 204
  browser = new Browser()
  people = newPeople()
  url = right
})
afterEach(() => {
  google.reset()
  github.reset()
})
afterAll(async () => {
  await project.remove()
  await google.close()
  await github.close()
  await githubApi.close()
})

/** Runs the guide's application, with parts of its code replaced. */
async function start(change: (code: string) => string = (code) => code): Promise<string> {
  const [app = missing()] = appsIn(guide)
  const { authorizationURL, tokenURL, profileURL, issuer, jwksURL, revocationURL } = google.options
  const atGoogle = {
    ...{ authorizationURL, tokenURL, profileURL, issuer, jwksURL, revocationURL },
    providerSignatureAlgorithms: ['PS256'],
  }
  const atGitHub = {
    authorizationURL: github.options.authorizationURL,
    tokenURL: github.options.tokenURL,
    profileURL: github.options.profileURL,
  }
  const code = change(app.code)
    .replace('...google,', `...google, ...${JSON.stringify(atGoogle)},`)
    .replace('...github,', `...github, ...${JSON.stringify(atGitHub)},`)
    .replace('https://api.github.com', githubApi.origin)
  const database = join(project.folder, `data-${(databases += 1)}`)
  await cp(join(project.folder, 'empty'), database, { recursive: true })
  const started = await project.start({ ...app, code }, () => ({
    DATABASE_DIR: database,
    GOOGLE_CLIENT_ID: google.options.clientID,
    GOOGLE_CLIENT_SECRET: google.options.clientSecret,
    GITHUB_CLIENT_ID: github.options.clientID,
    GITHUB_CLIENT_SECRET: github.options.clientSecret,
    GRANT_SECRET: 'a secret of 32 characters or more',
  }))
  return started.url
}

function missing(): CodeBlock {
  throw new Error('The guide has no app.')
}

/** Puts the functions of a block of the guide in the place of the application's own. */
function withBlock(title: string): (code: string) => string {
  const [, section = ''] = guide.text.split(`### ${title}\n`)
  const [, block = ''] = /```js\n(.*?)```/s.exec(section) ?? []
  const [, name = ''] = /async function (\w+)/.exec(block) ?? []
  const own = new RegExp(`async function ${name}\\(.*?\n}\n`, 's')
  return (code) => {
    expect(code).toMatch(own)
    return code.replace(own, () => block)
  }
}

function at(name: 'google' | 'github', user: Account): void {
  const provider = name === 'google' ? google : github
  provider.user = user
}

async function logIn(name: 'google' | 'github', user: Account, who = browser): Promise<string> {
  at(name, user)
  return userOn(await who.follow(`${url}/auth/${name}/login`))
}

async function connect(name: 'google' | 'github', user: Account, who = browser): Promise<Page> {
  at(name, user)
  return who.follow(`${url}/auth/${name}/connect?return_to=/settings`)
}

/** Whose settings a page shows. */
function userOn({ text }: Page): string {
  return /You are (.*?)</.exec(text)?.[1] ?? text
}

/** The accounts that a page of settings lists. */
function listed({ text }: Page): string[] {
  return [...text.matchAll(/<li>(\w+: .*?) <form/g)].map(([, one = '']) => one)
}

/** Sends the form of a page that has this button. */
async function press({ text }: Page, button: string, who = browser): Promise<Page> {
  const forms = [...text.matchAll(/<form method="post" action="([^"]+)">(.*?)<\/form>/gs)]
  const [, action = '', inputs = ''] = forms.find(([form]) => form.includes(button)) ?? []
  expect(action).not.toBe('')
  const fields = [...inputs.matchAll(/name="(\w+)" value="([^"]*)"/g)]
  const values = Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]))
  const page = await who.post(url + action, values)
  return page.location === undefined ? page : who.follow(page.location)
}

describe('the guide to one account with several providers', () => {
  it('has an app where a person logs in with either provider, and is one user', async () => {
    const { ada, adaAtGitHub } = people
    expect((await browser.visit(`${url}/settings`)).location).toBe(
      `${url}/login?return_to=%2Fsettings`,
    )
    expect(await logIn('google', ada)).toBe(ada.name)
    const [authorization] = google.requestsTo('authorize')
    expect(authorization?.parameters).toMatchObject({
      access_type: 'offline',
      prompt: 'select_account',
    })
    const page = await connect('github', adaAtGitHub)
    expect(listed(page)).toEqual([`google: ${ada.email}`, `github: ${adaAtGitHub.name}`])
    expect(page.text).not.toContain('please connect it again')
    expect(await logIn('github', adaAtGitHub, new Browser())).toBe(ada.name)
  })

  it('sends a person who is not logged in to the login first, and connects afterwards', async () => {
    const path = '/auth/github/connect?return_to=/settings'
    const page = await browser.follow(url + path)
    expect(new URL(page.url).searchParams.get('return_to')).toBe(path)
    expect(github.requests).toEqual([])
    const [, href = ''] = /href="([^"]+)">Log in with google/.exec(page.text) ?? []
    at('google', people.ada)
    at('github', people.adaAtGitHub)
    const settings = await browser.follow(url + href.replaceAll('&#38;', '&'))
    expect([userOn(settings), listed(settings).length]).toEqual([people.ada.name, 2])
  })

  it('lists several accounts of one provider, and disconnects each with its tokens', async () => {
    const { ada, alice, adaAtGitHub } = people
    await logIn('google', ada)
    await connect('google', alice)
    const page = await connect('github', adaAtGitHub)
    expect(listed(page)).toHaveLength(3)

    const after = await press(page, `value="${alice.key}"`)
    expect(listed(after)).toEqual([`google: ${ada.email}`, `github: ${adaAtGitHub.name}`])
    expect(google.requestsTo('revoke')).toHaveLength(1)

    const last = await press(after, `value="${adaAtGitHub.key}"`)
    expect(listed(last)).toEqual([`google: ${ada.email}`])
    expect(calls).toEqual([
      expect.stringMatching(/^DELETE \/applications\/test-client\/grant .+access_token/),
    ])
    const refused = await press(last, `value="${ada.key}"`)
    expect([refused.status, refused.text]).toEqual([409, 'This is your only way to log in.'])
    expect(await logIn('google', alice, new Browser())).toBe(alice.name)
  })

  it.each([undefined, 503])(
    'disconnects here also if GitHub answers %s, and says what is left',
    async (status) => {
      await logIn('google', people.ada)
      const page = await connect('github', people.adaAtGitHub)
      githubStatus = status
      const left = await press(page, `value="${people.adaAtGitHub.key}"`)
      expect([left.status, calls.length]).toEqual([200, 1])
      expect(left.text).toContain('https://github.com/settings/applications')
      expect(listed(await browser.visit(`${url}/settings`))).toEqual([
        `google: ${people.ada.email}`,
      ])
    },
  )

  it('disconnects nothing but what the person has connected', async () => {
    const { ada, adaAtGitHub } = people
    await logIn('github', adaAtGitHub, new Browser())
    await logIn('google', ada)
    const unlink = (fields: Record<string, string>): Promise<Page> =>
      browser.post(`${url}/settings/unlink`, fields)
    const refused = { status: 404, text: 'You have not connected this account.' }
    expect(await unlink({ provider: 'github', id: adaAtGitHub.key })).toMatchObject(refused)
    expect(await unlink({})).toMatchObject(refused)
    for (const [action, status] of Object.entries({ unlink: 404, move: 409 })) {
      const headers = { 'sec-fetch-site': 'same-origin' }
      const page = await browser.request(`${url}/settings/${action}`, { method: 'POST', headers })
      expect([action, page.status]).toEqual([action, status])
    }
  })

  it('says so to a person who has said no, and leads back', async () => {
    google.fail('authorize', 'denied')
    const refused = await browser.follow(`${url}/auth/google/login`)
    expect(refused).toMatchObject({
      status: 200,
      text: 'Nothing was changed. <a href="/login">Go back</a>',
    })
    await logIn('google', people.ada)
    github.fail('authorize', 'denied')
    const page = await connect('github', people.adaAtGitHub)
    expect(page.text).toBe('Nothing was changed. <a href="/settings">Go back</a>')
  })

  it('leads to the login after logging out, and after disconnecting what one is logged in with', async () => {
    const { ada, adaAtGitHub } = people
    await logIn('google', ada)
    const page = await connect('github', adaAtGitHub)
    const loggedOut = { status: 200, url: `${url}/login?return_to=%2Fsettings` }
    expect(await press(page, `value="${ada.key}"`)).toMatchObject(loggedOut)
    expect(await logIn('github', adaAtGitHub)).toBe(ada.name)
    const settings = await browser.visit(`${url}/settings`)
    expect(await press(settings, 'Log out')).toMatchObject({ status: 200, url: `${url}/login` })
  })

  it('moves an account to another user after both are confirmed', async () => {
    const { ada, adaAtGitHub } = people
    const other = new Browser()
    expect(await logIn('github', adaAtGitHub, other)).toBe(adaAtGitHub.name)
    await logIn('google', ada)
    const page = await connect('github', adaAtGitHub)
    expect(listed(page)).toEqual([`google: ${ada.email}`])
    expect(page.text).toContain(`belongs to the account of ${adaAtGitHub.name}`)

    const moved = await press(page, `Move it from ${adaAtGitHub.name} to ${ada.name}`)
    expect(listed(moved)).toEqual([`google: ${ada.email}`, `github: ${adaAtGitHub.name}`])
    expect(userOn(moved)).toBe(ada.name)
    expect(calls).toHaveLength(1)
    expect((await other.visit(`${url}/settings`)).status).toBe(302)
    expect(await logIn('github', adaAtGitHub, new Browser())).toBe(ada.name)
  })

  it('moves nothing that was not confirmed for this very account, or by another site', async () => {
    const { ada, adaAtGitHub } = people
    await logIn('github', adaAtGitHub, new Browser())
    await logIn('google', ada)
    const move = (fields: object, headers = {}) =>
      browser.post(`${url}/settings/move`, { ...form, ...fields }, headers)
    let form = { provider: 'github', id: adaAtGitHub.key, from: '1' }
    expect((await move({})).status).toBe(409)
    const page = await connect('github', adaAtGitHub)
    form = { ...form, from: /name="from" value="(\d+)"/.exec(page.text)?.[1] ?? '' }
    expect((await move({}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await move({ id: '666' })).status).toBe(409)
    // The confirmation counts once, also if it was for something else.
    expect((await move({})).status).toBe(409)
    expect(await logIn('github', adaAtGitHub, new Browser())).toBe(adaAtGitHub.name)
  })
})

/** Attacks by title of the mistake. Each resolves to whether somebody has got into an account that is not theirs. */
const ATTACKS: Readonly<Record<string, Readonly<Record<string, () => Promise<boolean>>>>> = {
  'Linking by email address': {
    'the victim’s address, which GitHub has not verified': async () => {
      await logIn('google', people.ada)
      const mallory = { ...people.mallory, email: people.ada.email }
      return (await logIn('github', mallory)) === people.ada.name
    },
    'an address that was the victim’s, verified by its new owner': async () => {
      await logIn('google', people.ada)
      const alice = { ...people.alice, email: people.ada.email }
      return (await logIn('google', alice)) === people.ada.name
    },
    'a user that was made with the victim’s address before': async () => {
      await logIn('github', { ...people.mallory, email: people.ada.email })
      return (await logIn('google', people.ada)) === people.mallory.name
    },
  },
  'Looking people up by name': {
    'the victim’s name': async () => {
      await logIn('google', people.ada)
      await logIn('github', { ...people.mallory, name: people.ada.name })
      // The name alone does not tell whose account it is.
      return listed(await browser.visit(`${url}/settings`))[0] === `google: ${people.ada.email}`
    },
  },
  'The id without its provider': {
    'the victim’s id, at another provider': async () => {
      await logIn('google', { ...people.ada, sub: people.mallory.key })
      return (await logIn('github', people.mallory)) === people.ada.name
    },
  },
  'Taking a login for a connection': {
    'a browser in which somebody is still logged in': async () => {
      await logIn('google', people.ada)
      await logIn('github', people.mallory)
      return (await logIn('github', people.mallory, new Browser())) === people.ada.name
    },
  },
}

describe('the mistakes that lead to account takeover', () => {
  it.each(Object.keys(ATTACKS))('%s: the attacks get in, and nowhere else', async (title) => {
    const wrong = await start(withBlock(title))
    const attacks = Object.entries(ATTACKS[title] ?? {})
    const results: [string, boolean, boolean][] = []
    for (const [what, attack] of attacks) {
      const reached: boolean[] = []
      for (url of [wrong, right]) {
        browser = new Browser()
        people = newPeople()
        reached.push(await attack())
      }
      results.push([what, reached[0] === true, reached[1] === true])
    }
    expect(results).toEqual(attacks.map(([what]) => [what, true, false]))
  })

  it('Connecting in a stolen session: a thief comes back for ever if no login is asked for', async () => {
    const guard = "app.use('/auth/:provider/connect', recently)\n"
    const isOld = (code: string): string => code.replace('5 * 60_000', '0')
    const { ada, mallory } = people
    async function attack(): Promise<string> {
      browser = new Browser()
      const thief = new Browser()
      await logIn('google', ada)
      for (const [name, value] of browser.cookies(url)) thief.setCookie(url, name, value)
      await connect('github', mallory, thief)
      await browser.post(`${url}/auth/google/logout`)
      return logIn('github', mallory, new Browser())
    }
    url = await start((code) => {
      expect(code).toContain(guard)
      return isOld(code.replace(guard, ''))
    })
    expect(await attack()).toBe(ada.name)
    url = await start(isOld)
    expect(await attack()).toBe(mallory.name)

    // The person who is asked to log in again sees only what logs in the same user.
    browser = new Browser()
    people = newPeople()
    await logIn('google', people.ada)
    const asked = await connect('github', people.adaAtGitHub)
    expect(asked.text.match(/Log in with \w+/g)).toEqual(['Log in with google'])
    expect((await new Browser().visit(`${url}/login`)).text).toContain('Log in with github')
  })
})

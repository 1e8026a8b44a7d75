import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  AuthorizationResponseError,
  ConfigurationError,
  CrossSiteRequestError,
  DiscoveryError,
  LoginRequiredError,
  LogoutResponseError,
  LogoutTokenError,
  PendingLoginError,
  ProfileError,
  PushedAuthorizationRequestError,
  ResourceError,
  StorageError,
  TokenEndpointError,
} from '../../src/index.js'
import { findFreePort, startProgram } from '../support/child-process.js'
import type { RunningProgram } from '../support/child-process.js'
import { complaints, createProgram, fieldsOf, literalsOf } from '../support/compile.js'
import { anchorsIn, appsIn, readGuide, readGuides } from '../support/documentation.js'
import type { Guide } from '../support/documentation.js'
import { Browser } from '../support/http.js'
import { REPOSITORY } from '../support/repository.js'
import { json, startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'
import { toJavaScript } from '../support/to-javascript.js'

const guides = await readGuides()
const [readme = await readGuide('README.md')] = guides
const [completeApp = '', ownRoutes = ''] = codeIn(readme)

/** What a block may use of an app before it. */
const APP_SO_FAR = `
declare const app: import('express').Express
declare const passport: import('passport').PassportStatic
declare const strategy: import('passport-authorization-code').AuthorizationCodeStrategy
`

const program = createProgram({
  'guide-globals.d.ts': `export {}\ndeclare global {${APP_SO_FAR.replaceAll('declare const', 'const')}}`,
  ...Object.fromEntries(guides.flatMap(filesOf)),
})

describe('the code in the documentation', () => {
  it('compiles in strict TypeScript, every block', () => {
    expect(codeIn(readme).length).toBeGreaterThan(4)
    expect(complaints(program)).toEqual([])
  }, 60_000)

  it('is in no language that would be overlooked', () => {
    const languages = guides.flatMap(({ blocks }) => blocks.map(({ language }) => language))
    expect([...new Set(languages)].sort()).toEqual(['js', 'nginx', 'sh', 'text', 'ts'])
  })

  it('is run, where it is a whole app', () => {
    const apps = guides.map((guide) => [guide.file, appsIn(guide).length] as const)
    expect(Object.fromEntries(apps.filter(([, count]) => count > 0))).toEqual(WHOLE_APPS)
  })
})

/** How many whole apps each page has. Those of the README are run below, all others in test/guides. */
const WHOLE_APPS: Readonly<Record<string, number>> = {
  'README.md': 1,
  'docs/behind-a-proxy.md': 1,
  'docs/key-rotation.md': 1,
  'docs/moving-over/from-express-openid-connect.md': 2,
  'docs/moving-over/from-openid-client.md': 2,
  'docs/moving-over/from-passport-oauth2.md': 2,
  'docs/redis-and-several-processes.md': 1,
  'docs/several-providers.md': 2,
}

function codeIn({ blocks }: Guide): readonly string[] {
  return blocks.filter(({ language }) => language === 'ts').map(({ code }) => code)
}

/** The blocks of a page as files for the compiler, by name. JavaScript is only parsed. */
function filesOf({ file, blocks }: Guide): readonly (readonly [string, string])[] {
  return blocks.flatMap(({ language, code, file: named }, index) => {
    const path = file.replace(/\.md$/, `-${index + 1}`)
    if (language === 'ts') return [[`${path}.mts`, code] as const]
    if (language !== 'js') return []
    return [[named === undefined ? `${path}.mjs` : join(dirname(file), named), code] as const]
  })
}

describe('the tables in the README', () => {
  it.each([
    ['option', 'AuthorizationCodeOptions'],
    ['authRouter', 'AuthRouterOptions'],
    ['requireLogin', 'RequireLoginOptions'],
  ])('have a row for every field of the %s table, and for nothing else', (header, type) => {
    expect(firstCells(header)).toEqual([...fieldsOf(program, type)].sort())
  })

  it('have a row for every error code, and for nothing else', () => {
    const codes = [...readme.text.matchAll(/^\|.*`(ERR_\w+)`/gm)].map(([, code]) => code)
    expect(codes.sort()).toEqual([...literalsOf(program, 'ErrorCode')].sort())
  })

  it('have a row for every step of the diagnostics, and for nothing else', () => {
    expect(firstCells('step')).toEqual([...literalsOf(program, 'DiagnosticStep')].sort())
  })

  /** What stands first in the rows of the table whose header begins like this. */
  function firstCells(header: string): readonly string[] {
    const [, rows = ''] =
      new RegExp(`^\\| \`?${header}\\b.*\\n(.*(?:\\n\\|.*)*)`, 'm').exec(readme.text) ?? []
    return [...rows.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name).sort()
  }
})

describe('the guide to errors', () => {
  const errors = guides.find(({ file }) => file === 'docs/errors.md')

  it('has a heading for every error code, and for nothing else', () => {
    const headings = [...(errors?.text ?? '').matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    expect(headings.sort()).toEqual([...literalsOf(program, 'ErrorCode')].sort())
  })

  it('is where the help of every error leads, which Node shows', () => {
    const thrown = [
      ...LOST_LOGINS.map((code) => new PendingLoginError(code)),
      new AuthorizationResponseError('wrong'),
      new ConfigurationError('wrong'),
      new CrossSiteRequestError(),
      new LoginRequiredError('expired'),
      new LogoutResponseError(),
      new LogoutTokenError('wrong'),
      new StorageError('Reading', undefined),
      ...PROVIDER_ERRORS.map((ofKind) => new ofKind('wrong', { phase: 'test' })),
    ]
    expect(thrown.map(({ code }) => code).sort()).toEqual(
      [...literalsOf(program, 'ErrorCode')].sort(),
    )
    const anchors = errors === undefined ? [] : anchorsIn(errors)
    for (const error of thrown) {
      const [file, anchor] = error.help.split('#')
      expect(file).toBe('passport-authorization-code/docs/errors.md')
      expect(anchors).toContain(anchor)
      expect(inspect(error)).toContain(error.help)
      expect(error.message).not.toContain(error.help)
    }
  })
})

const LOST_LOGINS = [
  'ERR_SESSION_COOKIE_MISSING',
  'ERR_SESSION_LOST',
  'ERR_PENDING_LOGIN_UNKNOWN',
  'ERR_PENDING_LOGIN_EXPIRED',
  'ERR_PENDING_LOGIN_USED',
] as const

const PROVIDER_ERRORS = [
  DiscoveryError,
  ProfileError,
  PushedAuthorizationRequestError,
  ResourceError,
  TokenEndpointError,
]

describe('the links in the documentation', () => {
  it.each(guides.map((guide) => [guide.file, guide] as const))(
    'of %s lead to a heading or a file that is there',
    async (file, { text }) => {
      const links = [...text.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, link = '']) => link)
      const broken = await Promise.all(
        links.map(async (link) => !(await leadsSomewhere(link, file))),
      )
      expect(links.filter((_link, index) => broken[index])).toEqual([])
    },
  )

  async function leadsSomewhere(link: string, from: string): Promise<boolean> {
    const [path = '', anchor] = link.split('#')
    const target = await readGuide(path === '' ? from : join(dirname(from), path))
    return anchor === undefined || anchorsIn(target).includes(anchor)
  }

  it('lead from the index to every guide', () => {
    const index = guides.find(({ file }) => file === 'docs/README.md')?.text ?? ''
    const others = guides.map(({ file }) => file).filter((file) => !file.endsWith('README.md'))
    for (const file of others) expect(index).toContain(`](${file.replace('docs/', '')})`)
  })
})

describe('an app from the README', () => {
  let provider: ScriptedProvider
  let folder: string
  let running: RunningProgram | undefined
  let browser: Browser

  beforeAll(async () => {
    provider = await startScriptedProvider()
    folder = await mkdtemp(join(tmpdir(), 'readme-'))
    await installInto(folder)
  })
  beforeEach(() => {
    provider.reset()
    provider.onProfile(json({ uuid: 'ada-1', firstName: 'Ada', lastName: 'Lovelace' }))
    browser = new Browser()
  })
  afterEach(async () => {
    await running?.stop()
    running = undefined
  })
  afterAll(async () => {
    await provider.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('the complete one, logs a person in, calls the API with their token, and logs them out', async () => {
    const origin = await start(completeApp)

    const home = await browser.visit(origin)
    expect(home.text).toContain('Who am I?')
    const me = await browser.follow(`${origin}/me`)
    expect(me.url).toBe(`${origin}/me`)
    expect(JSON.parse(me.text)).toMatchObject({ uuid: 'ada-1', firstName: 'Ada' })
    expect(provider.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /token',
      'GET /me', // the profile
      'GET /me', // the app's own call
    ])
    const [exchange] = provider.requestsTo('/token')
    expect(JSON.parse(exchange?.body ?? '')).toMatchObject({
      client_id: 'client-1',
      client_secret: 'secret-1',
      redirect_uri: `${origin}/auth/askara/callback`,
    })

    const afterLogout = await browser.post(`${origin}/auth/askara/logout`)
    expect(afterLogout).toMatchObject({ status: 303, location: `${origin}/` })
    const meAgain = await browser.visit(`${origin}/me`)
    expect(meAgain.location).toBe(`${origin}/auth/askara/login?return_to=%2Fme`)
  })

  it('the one with its own routes, logs a person in and out', async () => {
    const origin = await start(`
      import express from 'express'
      import session from 'express-session'
      import passport from 'passport'
      import { askara, AuthorizationCodeStrategy } from 'passport-authorization-code'
      const { ASKARA_CLIENT_ID: clientID, ASKARA_CLIENT_SECRET: clientSecret, PORT } = process.env
      const callbackURL = 'http://localhost:' + PORT + '/callback'
      const strategy = new AuthorizationCodeStrategy({ ...askara, clientID, clientSecret, callbackURL })
      const app = express()
      app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
      app.use(passport.session())
      app.get('/', async (req, res) => {
        res.json({ user: req.user ?? null, tokens: (await strategy.tokens(req)) ?? null })
      })
      ${ownRoutes}
      app.listen(PORT, () => console.log('Open'))
    `)

    const home = await browser.follow(`${origin}/login`)
    expect(home.url).toBe(`${origin}/`)
    expect(JSON.parse(home.text)).toMatchObject({
      user: { provider: 'askara', id: 'ada-1' },
      tokens: { tokenType: 'bearer' },
    })

    const afterLogout = await browser.post(`${origin}/logout`)
    expect(afterLogout).toMatchObject({ status: 303, location: `${origin}/` })
    const homeAgain = await browser.visit(origin)
    expect(JSON.parse(homeAgain.text)).toEqual({ user: null, tokens: null })
    expect(provider.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /token',
      'GET /me',
    ])
  })

  /** Runs the app as it stands in the README, and returns its origin. */
  async function start(code: string): Promise<string> {
    const file = join(folder, 'app.mjs')
    await writeFile(file, toJavaScript(code))
    const port = String(await findFreePort())
    running = await startProgram(
      file,
      {
        PORT: port,
        ASKARA_CLIENT_ID: 'client-1',
        ASKARA_CLIENT_SECRET: 'secret-1',
        PROVIDER: provider.origin,
      },
      'Open',
    )
    return `http://localhost:${port}`
  }
})

/**
 * Gives a folder the packages the app needs: the peers as they are here, and the package as it was
 * built, with Askara's addresses replaced by those of the provider that `PROVIDER` names.
 */
async function installInto(folder: string): Promise<void> {
  const installed = join(folder, 'node_modules')
  const stub = join(installed, 'passport-authorization-code')
  await mkdir(stub, { recursive: true })
  for (const peer of ['express', 'express-session', 'passport']) {
    await symlink(join(REPOSITORY, 'node_modules', peer), join(installed, peer), 'dir')
  }
  const built = JSON.stringify(pathToFileURL(join(REPOSITORY, 'dist', 'index.js')).href)
  await writeFile(join(stub, 'package.json'), '{ "type": "module", "exports": "./index.js" }')
  await writeFile(
    join(stub, 'index.js'),
    `import { askara as real } from ${built}
    export * from ${built}
    const { PROVIDER } = process.env
    export const askara = {
      ...real,
      authorizationURL: PROVIDER + '/authorize',
      tokenURL: PROVIDER + '/token',
      profileURL: PROVIDER + '/me',
    }`,
  )
}

import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { findFreePort, startProgram } from './support/child-process.js'
import type { RunningProgram } from './support/child-process.js'
import {
  complaints,
  createProgram,
  fieldsOf,
  literalsOf,
  REPOSITORY,
  toJavaScript,
} from './support/compile.js'
import { Browser } from './support/http.js'
import { json, startScriptedProvider } from './support/scripted-provider.js'
import type { ScriptedProvider } from './support/scripted-provider.js'

const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code)
const [completeApp = '', ownRoutes = ''] = blocks

/** What a block after the first may use of the app before it. */
const APP_SO_FAR = `
declare const app: import('express').Express
declare const passport: import('passport').PassportStatic
declare const strategy: import('passport-authorization-code').AuthorizationCodeStrategy
`

const program = createProgram({
  'readme-globals.d.ts': `export {}\ndeclare global {${APP_SO_FAR.replaceAll('declare const', 'const')}}`,
  ...Object.fromEntries(blocks.map((code, index) => [`readme-block-${index + 1}.mts`, code])),
})

describe('the code in the README', () => {
  it('compiles in strict TypeScript, every block', () => {
    expect(blocks.length).toBeGreaterThan(4)
    expect(complaints(program)).toEqual([])
  }, 60_000)
})

describe('the tables in the README', () => {
  it.each([
    ['option', 'AuthorizationCodeOptions'],
    ['authRouter', 'AuthRouterOptions'],
    ['requireLogin', 'RequireLoginOptions'],
  ])('have a row for every field of the %s table, and for nothing else', (header, type) => {
    expect(firstCells(header)).toEqual([...fieldsOf(program, type)].sort())
  })

  it('have a row for every error code, and for nothing else', () => {
    const codes = [...readme.matchAll(/^\|.*`(ERR_\w+)`/gm)].map(([, code]) => code)
    expect(codes.sort()).toEqual([...literalsOf(program, 'ErrorCode')].sort())
  })

  it('have a row for every step of the diagnostics, and for nothing else', () => {
    expect(firstCells('step')).toEqual([...literalsOf(program, 'DiagnosticStep')].sort())
  })

  /** What stands first in the rows of the table whose header begins like this. */
  function firstCells(header: string): readonly string[] {
    const [, rows = ''] =
      new RegExp(`^\\| \`?${header}\\b.*\\n(.*(?:\\n\\|.*)*)`, 'm').exec(readme) ?? []
    return [...rows.matchAll(/^\| `(\w+)`/gm)].map(([, name = '']) => name).sort()
  }
})

describe('the links in the README', () => {
  it('lead to a heading or a file that is there', async () => {
    const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(
      ([, title = '']) =>
        `#${title
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    )
    const links = [...readme.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, link = '']) => link)
    const anchors = links.filter((link) => link.startsWith('#'))
    expect(headings).toEqual(expect.arrayContaining(anchors))
    for (const file of links.filter((link) => !link.startsWith('#'))) {
      await expect(readFile(join(REPOSITORY, file), 'utf8')).resolves.not.toBe('')
    }
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
  }, 30_000)

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
  }, 30_000)

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

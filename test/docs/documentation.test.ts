import { access, readdir } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  AnotherPersonError,
  AuthenticationRequirementsError,
  AuthorizationResponseError,
  ConfigurationError,
  ConnectionRequiredError,
  CrossSiteRequestError,
  DiscoveryError,
  LoginRequiredError,
  LogoutResponseError,
  LogoutTokenError,
  NotConnectableError,
  PendingLoginError,
  ProfileError,
  PushedAuthorizationRequestError,
  ResourceError,
  StepUpRequiredError,
  StorageError,
  TokenEndpointError,
} from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { complaints, createProgram, literalsOf } from '../support/compile.js'
import { REPOSITORY } from '../support/repository.js'
import { anchorsIn, appsIn, CODE_GLOBALS, readGuide, readGuides } from '../support/documentation.js'
import type { Guide } from '../support/documentation.js'
import { createGuideProject } from '../support/guide-app.js'
import type { GuideProject } from '../support/guide-app.js'
import { Browser } from '../support/http.js'

const guides = await readGuides()
const [readme = await readGuide('README.md')] = guides

/** Compiled and run with their packages, by test/ecosystem. */
const COMPILED_ELSEWHERE = ['docs/nest.md', 'docs/moving-over/from-nest-authguard.md']

const files = guides
  .filter((guide) => guide !== readme && !COMPILED_ELSEWHERE.includes(guide.file))
  .flatMap(filesOf)
const program = createProgram({
  ...CODE_GLOBALS,
  ...Object.fromEntries(files.filter((one) => !declaresGlobally(one))),
})

describe('the code in the documentation', () => {
  it('compiles in strict TypeScript, every block', () => {
    expect(guides.flatMap(codeIn).length).toBeGreaterThan(40)
    expect(complaints(program)).toEqual([])
  }, 60_000)

  it('compiles alone where it declares something for the whole application', () => {
    const alone = files.filter(declaresGlobally)
    expect(alone).toHaveLength(2)
    for (const [name, code] of alone) {
      expect(complaints(createProgram({ ...CODE_GLOBALS, [name]: code }))).toEqual([])
    }
  }, 120_000)

  it('compiles without anything else in the README, where newcomers copy it', () => {
    const alone = createProgram(Object.fromEntries(filesOf(readme)))
    // JavaScript cannot say of which type a parameter is.
    const untyped = /\.mjs\.mts:\d+ Parameter '\w+' implicitly has an 'any' type\.$/
    expect(complaints(alone).filter((line) => !untyped.test(line))).toEqual([])
  }, 60_000)

  it('is in no language that would be overlooked', () => {
    const languages = guides.flatMap(({ blocks }) => blocks.map(({ language }) => language))
    expect([...new Set(languages)].sort()).toEqual([
      'html',
      'js',
      'json',
      'nginx',
      'sh',
      'text',
      'ts',
      'yaml',
    ])
  })

  it('is run, where it is a whole app', () => {
    const apps = guides.map((guide) => [guide.file, appsIn(guide).length] as const)
    expect(Object.fromEntries(apps.filter(([, count]) => count > 0))).toEqual(WHOLE_APPS)
  })
})

/** How many whole apps each page has. The README's is run below, that of docs/graceful-stop.md in test/e2e, those with Nest, passport-google-oauth20 and Auth.js in test/ecosystem, all others in test/docs/guides. */
const WHOLE_APPS: Readonly<Record<string, number>> = {
  'README.md': 1,
  'docs/behind-a-proxy.md': 1,
  'docs/connecting-resources.md': 1,
  'docs/graceful-stop.md': 1,
  'docs/jobs.md': 1,
  'docs/key-rotation.md': 1,
  'docs/logging-out.md': 1,
  'docs/many-tenants.md': 1,
  'docs/moving-over/from-auth-js.md': 2,
  'docs/moving-over/from-express-openid-connect.md': 2,
  'docs/moving-over/from-nest-authguard.md': 2,
  'docs/moving-over/from-openid-client.md': 2,
  'docs/moving-over/from-passport-google-oauth20.md': 2,
  'docs/moving-over/from-passport-oauth2.md': 2,
  'docs/nest.md': 1,
  'docs/one-account-several-providers.md': 1,
  'docs/pending-logins.md': 1,
  'docs/recipes/auth0.md': 1,
  'docs/recipes/cognito.md': 1,
  'docs/recipes/github-apps.md': 1,
  'docs/recipes/google.md': 1,
  'docs/recipes/keycloak.md': 1,
  'docs/recipes/microsoft-entra.md': 1,
  'docs/redis-and-several-processes.md': 1,
  'docs/several-providers.md': 2,
  'docs/single-page-apps.md': 1,
  'docs/users.md': 1,
  'docs/your-own-routes.md': 1,
}

function codeIn({ blocks }: Guide): readonly string[] {
  return blocks.filter(({ language }) => language === 'ts').map(({ code }) => code)
}

/** Two such blocks would contradict each other. */
function declaresGlobally([, code]: readonly [string, string]): boolean {
  return code.includes('declare global')
}

/** The blocks of a page as files for the compiler, by name. JavaScript is only parsed. */
function filesOf({ file, blocks }: Guide): readonly (readonly [string, string])[] {
  return blocks.flatMap(({ language, code, file: named }, index) => {
    const path = file.replace(/\.md$/, `-${index + 1}`)
    if (language === 'ts') {
      return [[named === undefined ? `${path}.mts` : `${path}.${named}.mts`, code] as const]
    }
    if (language !== 'js') return []
    return [[named === undefined ? `${path}.mjs` : join(dirname(file), named), code] as const]
  })
}

describe('the guide to errors', () => {
  const errors = guides.find(({ file }) => file === 'docs/errors.md')

  it('has a heading for every error code, and for nothing else', () => {
    const headings = [...(errors?.text ?? '').matchAll(/^## (ERR_\w+)$/gm)].map(([, code]) => code)
    expect(headings.sort()).toEqual([...literalsOf(program, 'ErrorCode')].sort())
  })

  it('is where the help of every error leads, which Node shows', () => {
    const thrown = [
      new AuthenticationRequirementsError({}),
      ...LOST_LOGINS.map((code) => new PendingLoginError(code)),
      new AuthorizationResponseError('wrong'),
      new ConfigurationError('wrong'),
      new AnotherPersonError(),
      new StepUpRequiredError({}, 'insufficient_scope'),
      new ConnectionRequiredError('not_connected', {
        resource: 'https://api.example/',
        connectURL: 'https://app.example/connect/login',
      }),
      new NotConnectableError('address', 'wrong'),
      new CrossSiteRequestError(),
      new CrossSiteRequestError('ERR_TWO_SESSIONS'),
      new LoginRequiredError('expired'),
      new LogoutResponseError(),
      new LogoutTokenError('wrong'),
      new LogoutTokenError('much to do', 'ERR_LOGOUT_UNFINISHED'),
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
      const links = linksIn(text)
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

  it('lead from the index to every page of docs', () => {
    const index = guides.find(({ file }) => file === 'docs/README.md')?.text ?? ''
    const pages = guides.map(({ file }) => file).filter((file) => /^docs\/./.test(file))
    const missing = pages
      .filter((file) => file !== 'docs/README.md')
      .filter((file) => !index.includes(`](${file.replace('docs/', '')})`))
    expect(missing).toEqual([])
  })

  it('and the paths in it name files that are there', async () => {
    const paths = guides.flatMap(({ file, text }) =>
      [...text.matchAll(/`((?:src|test|bench|docs|example-app|\.ci)\/[\w./-]*)`/g)].map(
        ([, path = '']) => [file, path] as const,
      ),
    )
    const missing = []
    // Some paths are of the reader's own project.
    const theirs = new Set(guides.flatMap(({ blocks }) => blocks.map((block) => block.file)))
    for (const [file, path] of paths) {
      if (!theirs.has(path) && !(await exists(join(REPOSITORY, path))))
        missing.push(`${file}: ${path}`)
    }
    expect(paths.length).toBeGreaterThan(10)
    expect(missing).toEqual([])
  })

  it('of packed pages lead to packed files', () => {
    const packed = guides.filter(({ file }) => isPacked(file))
    const astray = packed.flatMap(({ file, text }) =>
      linksIn(text)
        .map((link) => link.split('#')[0] ?? '')
        .filter((path) => path !== '' && !isPacked(normalize(join(dirname(file), path))))
        .map((path) => `${file}: ${path}`),
    )
    expect(packed.length).toBeGreaterThan(20)
    expect(astray).toEqual([])
  })

  /** Whether npm packs a file: `files` in package.json, the README and the licence. */
  function isPacked(file: string): boolean {
    return (
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'docs/chart.svg'].includes(file) ||
      /^docs\/.*\.md$/.test(file)
    )
  }

  function linksIn(text: string): readonly string[] {
    const prose = text.replaceAll(/^```.*?^```$/gms, '')
    return [...prose.matchAll(/\]\((?!https:)([^)]+)\)/g)].map(([, link = '']) => link)
  }
})

describe('the page about the architecture', () => {
  it('names every folder of the source', async () => {
    const page = await readGuide('docs/architecture.md')
    const entries = await readdir(join(REPOSITORY, 'src'), { withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    expect(folders.filter((name) => !page.text.includes(`${name}/`))).toEqual([])
  })
})

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

describe('the app in the README', () => {
  let provider: TestProvider
  let project: GuideProject

  beforeAll(async () => {
    provider = await startTestProvider({ user: { sub: 'ada', name: 'Ada Lovelace' } })
    project = await createGuideProject()
  })
  afterAll(async () => {
    await project.remove()
    await provider.close()
  })

  it('logs a person in, calls the API with their token, logs them in again whose grant has ended, and logs them out', async () => {
    const [app] = appsIn(readme)
    const { issuer, clientID, clientSecret } = provider.options
    const code = (app?.code ?? '').replace('https://accounts.google.com', issuer)
    expect(code).toContain(issuer)
    const { url } = await project.start(app && { ...app, code }, () => ({
      GOOGLE_CLIENT_ID: clientID,
      GOOGLE_CLIENT_SECRET: clientSecret,
    }))
    const browser = new Browser()

    const home = await browser.visit(url)
    expect(home.text).toContain('Who am I?')
    const me = await browser.follow(`${url}/me`)
    expect(me.url).toBe(`${url}/me`)
    expect(JSON.parse(me.text)).toMatchObject({ sub: 'ada', name: 'Ada Lovelace' })
    const [authorization] = provider.requestsTo('authorize')
    expect(authorization?.parameters).toMatchObject({
      access_type: 'offline',
      prompt: 'consent',
      redirect_uri: `${url}/auth/callback`,
    })
    expect(provider.requestsTo('token')).toHaveLength(1)
    expect(provider.requestsTo('userinfo')).toHaveLength(2) // the profile, and the app's own call

    // The access token has not expired here, so that only the API knows, and then the refresh.
    provider.endGrants()
    const meAfterwards = await browser.follow(`${url}/me`)
    expect(meAfterwards).toMatchObject({ status: 200, url: `${url}/me` })
    expect(JSON.parse(meAfterwards.text)).toMatchObject({ sub: 'ada' })
    const grantTypes = provider
      .requestsTo('token')
      .map(({ parameters }) => parameters['grant_type'])
    expect(grantTypes).toEqual(['authorization_code', 'refresh_token', 'authorization_code'])

    expect(await browser.post(`${url}/auth/logout`)).toMatchObject({ status: 303 })
    const meAgain = await browser.visit(`${url}/me`)
    expect(meAgain.location).toBe(`${url}/auth/login?return_to=%2Fme`)
  }, 60_000)
})

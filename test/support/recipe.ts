import { readGuide } from './documentation.js'
import type { GuideApp, GuideProject } from './guide-app.js'
import type { Browser, Page } from './http.js'
import type { Answer, ProvidersElsewhere } from './providers-elsewhere.js'

/** How a recipe's app is started in a test. */
export interface RecipeOptions {
  readonly project: GuideProject
  readonly elsewhere: ProvidersElsewhere
  readonly environment: Readonly<Record<string, string>>
  /** Changes the app, as the page tells its readers to, or adds routes for the test. */
  readonly change?: (code: string) => string
  /** Which block of code of the page it is. @default the whole app */
  readonly isBlock?: (code: string) => boolean
}

/** In the app's own process, all requests to providers end at the one of this machine. */
const DISPATCHER = `import { Agent } from 'undici'
export const elsewhere = new Agent().compose((dispatch) => (options, handler) => {
  const path = '/' + new URL(String(options.origin)).host + options.path
  return dispatch({ ...options, origin: process.env.ELSEWHERE, path }, handler)
})`

const isApp = (code: string): boolean => code.includes('app.listen(')

/** Runs the app of a recipe, as it stands on its page: only its requests to the internet stay on this machine. */
export async function startRecipe(page: string, options: RecipeOptions): Promise<GuideApp> {
  const {
    project,
    elsewhere,
    environment,
    change = (code: string) => code,
    isBlock = isApp,
  } = options
  const { blocks } = await readGuide(`docs/recipes/${page}.md`)
  const app = blocks.find(({ code }) => isBlock(code))
  if (app === undefined) throw new Error(`The recipe ${page} has no app.`)
  await project.write('elsewhere.mjs', DISPATCHER)
  const code = change(app.code)
    .replace(
      /discover\(([^()]+?)(?:, \{([^}]*)\})?\)/,
      'discover($1, { dispatcher: elsewhere, $2 })',
    )
    .replace(/new AuthorizationCodeStrategy\(\s*\{/, '$& dispatcher: elsewhere,')
  return project.start(
    { ...app, code: `import { elsewhere } from './elsewhere.mjs'\n${code}` },
    () => ({ ELSEWHERE: elsewhere.origin, ...environment }),
  )
}

/** A login that has come as far as the provider's page. */
export interface BegunLogin {
  /** The address of that page, without the parameters. */
  readonly address: string
  readonly asked: Readonly<Record<string, string>>
  /** Comes back from there, and follows redirects within the app. */
  finish(parameters?: Readonly<Record<string, string>>): Promise<Page>
}

/** Opens a page of the app that needs a login. */
export async function beginLogin(browser: Browser, page: string): Promise<BegunLogin> {
  const { origin } = new URL(page)
  const { url, location } = await followWithin(browser, page)
  if (location === undefined) throw new Error(`No login has begun: the browser is at ${url}.`)
  const there = new URL(location)
  const asked = Object.fromEntries(there.searchParams)
  return {
    address: there.origin + there.pathname,
    asked,
    finish: (parameters = { code: 'a-code' }) => {
      const answer = new URLSearchParams({ ...parameters, state: asked['state'] ?? '' })
      return followWithin(browser, `${asked['redirect_uri'] ?? origin}?${answer.toString()}`)
    },
  }
}

/** Follows redirects as long as they stay within the app. */
export async function followWithin(browser: Browser, address: string): Promise<Page> {
  const { origin } = new URL(address)
  let page = await browser.visit(address)
  while (page.location?.startsWith(`${origin}/`)) page = await browser.visit(page.location)
  return page
}

/** In **seconds**. ID tokens live for so long: the clock of the apps is put forward, and the test's is not. */
const DAY = 24 * 60 * 60

/** An OpenID provider on the internet, as far as a recipe needs one. */
export interface RecipeProvider {
  readonly issuer: string
  readonly tokenURL: string
  readonly jwksURL: string
  readonly clientID: string
  /** The claims of its ID tokens, beside those that every ID token has. */
  claims: Readonly<Record<string, unknown>>
  /** Members of the next token responses, for a request. */
  members: (form: Readonly<Record<string, string>>) => Readonly<Record<string, unknown>>
  /** The nonce of the login that is under way. */
  nonce: string | undefined
  /** The answers of its token endpoint and its keys. */
  readonly answers: Readonly<Record<string, Answer>>
  /** The forms that the token endpoint got, oldest first. */
  tokenRequests(): readonly Readonly<Record<string, string>>[]
}

/** Lets the internet have an OpenID provider. Access tokens are `access-1`, `access-2`, …, and live for an hour. */
export function createRecipeProvider(
  elsewhere: ProvidersElsewhere,
  at: Pick<RecipeProvider, 'clientID' | 'issuer' | 'jwksURL' | 'tokenURL'>,
): RecipeProvider {
  let issued = 0
  const provider: RecipeProvider = {
    ...at,
    claims: { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
    members: () => ({}),
    nonce: undefined,
    answers: {
      [`GET ${at.jwksURL}`]: () => ({ body: elsewhere.jwks }),
      [`POST ${at.tokenURL}`]: async ({ form }) => {
        issued += 1
        const now = Math.floor(Date.now() / 1000)
        const isLogin = form['grant_type'] === 'authorization_code'
        const own = { iss: at.issuer, aud: at.clientID, iat: now, exp: now + DAY }
        const claims = { ...own, ...(isLogin && { nonce: provider.nonce }), ...provider.claims }
        const { error, ...members } = provider.members(form)
        if (error !== undefined) return { status: 400, body: { error, ...members } }
        const tokens = { access_token: `access-${issued}`, token_type: 'Bearer', expires_in: 3600 }
        return { body: { ...tokens, id_token: await elsewhere.sign(claims), ...members } }
      },
    },
    tokenRequests: () =>
      elsewhere.requests.filter(({ to }) => to === `POST ${at.tokenURL}`).map(({ form }) => form),
  }
  return provider
}

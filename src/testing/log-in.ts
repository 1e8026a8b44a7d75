/** The part of a supertest agent that {@link logInAgent} uses. It must keep cookies, and must not follow redirects by itself. */
export interface TestAgent {
  /** Sends a `GET` request to the application. */
  get(path: string): PromiseLike<TestResponse>
}

/** The part of a supertest response that {@link logInAgent} uses. */
export interface TestResponse {
  /** The HTTP status. */
  readonly status: number
  /** The headers, with their names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>
  /** The body. */
  readonly text: string
}

/**
 * `fetch` with the cookies of a logged-in browser. A URL without a host, such as `/orders`, is one of the
 * application's. Redirects are returned, not followed, unless `init.redirect` says otherwise.
 */
export type LoggedInFetch = (url: string, init?: RequestInit) => Promise<Response>

/**
 * Logs a supertest agent in by the complete flow: the application's login path, the test provider, the callback.
 * The application does not have to listen on a port. Its callback URL may have any host, because only the path is
 * used.
 *
 * @example
 * ```ts
 * import request from 'supertest'
 * import { logInAgent } from 'passport-authorization-code/testing'
 *
 * const agent = await logInAgent(request.agent(app), '/auth/login')
 * await agent.get('/orders').expect(200)
 * ```
 *
 * @param agent `request.agent(app)` of supertest, or an object with such a `get`
 * @param loginPath the path of the application's login route, such as `/auth/login`
 * @returns the same agent
 * @throws {Error} saying which step failed, if the person was not logged in
 */
export async function logInAgent<Agent extends TestAgent>(
  agent: Agent,
  loginPath: string,
): Promise<Agent> {
  await followLogin(loginPath, async (path) => {
    const { status, headers, text } = await agent.get(path)
    return { status, location: headers['location'], text: () => Promise.resolve(text) }
  })
  return agent
}

/**
 * Logs in by the complete flow, for an application that listens on a port, and returns a `fetch` that sends the
 * cookies of the login. It keeps cookies as a browser does, but runs no scripts.
 *
 * @example
 * ```ts
 * import { logInFetch } from 'passport-authorization-code/testing'
 *
 * const fetch = await logInFetch('http://127.0.0.1:3000', '/auth/login')
 * const response = await fetch('/orders')
 * console.log(response.status)
 * ```
 *
 * @param origin where the application listens, such as `http://127.0.0.1:3000`
 * @param loginPath the path of the application's login route, such as `/auth/login`
 * @throws {Error} saying which step failed, if the person was not logged in
 */
export async function logInFetch(origin: string, loginPath: string): Promise<LoggedInFetch> {
  const cookies = new Map<string, string>()

  const browse: LoggedInFetch = async (url, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
    const target = new URL(url, origin)
    const answer = await fetch(target, { redirect: 'manual', ...init, headers })
    for (const line of answer.headers.getSetCookie()) keepCookie(cookies, line)
    return answer
  }

  await followLogin(loginPath, async (path) => {
    const answer = await browse(path)
    const location = answer.headers.get('location') ?? undefined
    return { status: answer.status, location, text: () => answer.text() }
  })
  return browse
}

/** The response to one request of the login. */
interface PageVisit {
  readonly status: number
  /** The `Location` header, if there is one. */
  readonly location: unknown
  /** Reads the body, for the error message. */
  readonly text: () => Promise<string>
}

/**
 * Sends the requests of a browser: to the login path, to the provider, and to the callback.
 *
 * @param visit sends a request to the application
 * @throws {Error} saying which step failed
 */
async function followLogin(
  loginPath: string,
  visit: (path: string) => Promise<PageVisit>,
): Promise<void> {
  const toProvider = await redirectOf(await visit(loginPath), `${loginPath} did not redirect`)
  const asked = await fetch(toProvider, { redirect: 'manual' })
  const answered = {
    status: asked.status,
    location: asked.headers.get('location'),
    text: () => asked.text(),
  }
  const callback = new URL(await redirectOf(answered, 'The provider did not redirect'))
  const error = callback.searchParams.get('error')
  const path = callback.pathname + callback.search
  const page = await visit(path)
  if (page.status >= 400) {
    throw new Error(
      `The callback answered ${page.status} instead of logging in: ${await page.text()}`,
    )
  }
  if (error !== null) throw new Error(`The provider refused the login: ${error}`)
}

/** The address that a response redirects to. @throws {Error} with `complaint` and the response, if it does not */
async function redirectOf(
  { status, location, text }: PageVisit,
  complaint: string,
): Promise<string> {
  if (typeof location === 'string') return location
  throw new Error(`${complaint}, it answered ${status}: ${await text()}`)
}

/** Applies a `Set-Cookie` header: stores the cookie, or deletes it if it has expired. */
function keepCookie(cookies: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const [name = '', value = ''] = pair.split(/=(.*)/s)
  const expires = attributes.find((one) => /^expires=/i.test(one))?.slice('expires='.length)
  const isGone =
    attributes.some((one) => /^max-age=0$/i.test(one)) ||
    (expires !== undefined && Date.parse(expires) <= Date.now())
  if (isGone) cookies.delete(name)
  else cookies.set(name, value)
}

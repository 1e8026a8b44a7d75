/** What of a supertest agent is needed: it keeps cookies, and follows redirects only when told to. */
export interface TestAgent {
  get(path: string): PromiseLike<TestResponse>
}

/** What of supertest's answers is needed. */
export interface TestResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** `fetch` for a logged-in browser, whose cookies it has; a path stands for one of the application. */
export type LoggedInFetch = (url: string, init?: RequestInit) => Promise<Response>

/**
 * Logs a supertest agent in through the whole flow: the application's login path, the provider, the
 * callback. The application's callback URL may have any host, for only its path is used.
 *
 * @returns the same agent
 * @throws {Error} that says where it went wrong, when nobody was logged in
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
 * Logs a browser in that is nothing but cookies, through the whole flow, and returns its `fetch`. Redirects
 * are not followed unless `init.redirect` says so.
 *
 * @param origin where the application listens, such as `http://127.0.0.1:3000`
 * @throws {Error} that says where it went wrong, when nobody was logged in
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

interface Visited {
  readonly status: number
  readonly location: unknown
  readonly text: () => Promise<string>
}

/** Goes where a browser would go: to the login path, to the provider, back to the callback. */
async function followLogin(
  loginPath: string,
  visit: (path: string) => Promise<Visited>,
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
  if (error !== null) throw new Error(`The provider did not log anybody in: ${error}`)
}

async function redirectOf({ status, location, text }: Visited, complaint: string): Promise<string> {
  if (typeof location === 'string') return location
  throw new Error(`${complaint}, it answered ${status}: ${await text()}`)
}

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

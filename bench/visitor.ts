import type { Pool } from 'undici'

/** What came back. */
export interface Page {
  readonly status: number
  readonly location: string | undefined
  readonly text: string
}

/** A browser that costs little: one origin, cookies without attributes, and it makes the codes itself. */
export class Visitor {
  readonly #pool: Pool
  readonly #cookies = new Map<string, string>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** Its `Cookie` header. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async get(path: string): Promise<Page> {
    const { statusCode, headers, body } = await this.#pool.request({
      path,
      method: 'GET',
      headers: this.#cookies.size === 0 ? {} : { cookie: this.cookie },
    })
    for (const line of [headers['set-cookie'] ?? []].flat()) this.#store(line)
    const text = await body.text()
    return { status: statusCode, location: headers['location'] as string | undefined, text }
  }

  /**
   * Starts a login; resolves to the path that the provider sends the browser back to.
   *
   * @throws {Error} when it does not lead to the provider, with PKCE
   */
  async startLogin(loginPath: string): Promise<string> {
    const { status, location = '' } = await this.get(loginPath)
    const query = URL.canParse(location) ? new URL(location).searchParams : new URLSearchParams()
    const redirectUri = query.get('redirect_uri')
    if (redirectUri === null || !query.has('code_challenge')) {
      throw new Error(`${loginPath} answered ${status}, location "${location}".`)
    }
    const callback = new URL(redirectUri)
    callback.searchParams.set('code', codeFor(query))
    const state = query.get('state')
    if (state !== null) callback.searchParams.set('state', state)
    return callback.pathname + callback.search
  }

  /** Comes back from the provider; whether that has logged the person in. */
  async finishLogin(callbackPath: string): Promise<boolean> {
    const { location } = await this.get(callbackPath)
    return location !== undefined && new URL(location, 'http://localhost').pathname === '/'
  }

  /** @throws {Error} when the person is not logged in at its end */
  async logIn(loginPath: string): Promise<void> {
    if (!(await this.finishLogin(await this.startLogin(loginPath)))) {
      throw new Error('A login has failed.')
    }
  }

  /** Whether `/token` gives an access token. */
  async getsToken(): Promise<boolean> {
    const { status, text } = await this.get('/token')
    return status === 200 && text.startsWith('{"accessToken":"')
  }

  #store(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

/** The code for an authorization request: all that the authorization server needs to check it. */
function codeFor(request: URLSearchParams): string {
  const parts = [request.get('code_challenge'), request.get('nonce'), request.get('scope')]
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

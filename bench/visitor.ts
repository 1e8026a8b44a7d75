import type { Pool } from 'undici'

/** What came back. */
export interface Page {
  readonly status: number
  readonly location: string | undefined
  readonly text: string
}

/** How a login starts. */
export interface LoginStart {
  readonly loginPath: string
  /** Where the token is that has to be posted to `loginPath`. */
  readonly csrfPath?: string
}

interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly form?: Readonly<Record<string, string>>
}

/** The subject of one of many people, of eight characters. */
export function subjectOf(number: number): string {
  return `ada-${`${number}`.padStart(4, '0')}`
}

/** A browser that costs little: one origin, cookies without attributes, and it makes the codes itself. */
export class Visitor {
  /** Who the provider says that it is. */
  readonly subject: string
  readonly #pool: Pool
  readonly #cookies = new Map<string, string>()

  constructor(pool: Pool, subject: string) {
    this.#pool = pool
    this.subject = subject
  }

  /** Its `Cookie` header. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  get(path: string): Promise<Page> {
    return this.#request(path, { method: 'GET' })
  }

  async #request(path: string, request: OutgoingRequest): Promise<Page> {
    const { statusCode, headers, body } = await this.#pool.request({
      path,
      method: request.method,
      ...(request.form && { body: new URLSearchParams(request.form).toString() }),
      headers: {
        ...(this.#cookies.size > 0 && { cookie: this.cookie }),
        ...(request.form && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
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
  async startLogin({ loginPath, csrfPath }: LoginStart): Promise<string> {
    const { status, location = '' } =
      csrfPath === undefined
        ? await this.get(loginPath)
        : await this.#request(loginPath, { method: 'POST', form: await this.#csrfForm(csrfPath) })
    const query = URL.canParse(location) ? new URL(location).searchParams : new URLSearchParams()
    const redirectUri = query.get('redirect_uri')
    if (redirectUri === null || !query.has('code_challenge')) {
      throw new Error(`${loginPath} answered ${status}, location "${location}".`)
    }
    const callback = new URL(redirectUri)
    callback.searchParams.set('code', codeFor(query, this.subject))
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
  async logIn(start: LoginStart): Promise<void> {
    if (!(await this.finishLogin(await this.startLogin(start)))) {
      throw new Error('A login has failed.')
    }
  }

  /** Whether `/token`, or another path, gives an access token. */
  async getsToken(path = '/token'): Promise<boolean> {
    const { status, text } = await this.get(path)
    return status === 200 && text.startsWith('{"accessToken":"')
  }

  async #csrfForm(path: string): Promise<Record<string, string>> {
    const { text } = await this.get(path)
    return { ...(JSON.parse(text) as { readonly csrfToken: string }), callbackUrl: '/' }
  }

  #store(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (value === '') this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}

/** The code for an authorization request: all that the authorization server needs to check it, and the person. */
function codeFor(request: URLSearchParams, subject: string): string {
  const asked = [request.get('code_challenge'), request.get('nonce'), request.get('scope')]
  const parts = [...asked, subject]
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

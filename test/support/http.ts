import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request as sendRequest } from 'undici'

/** A server on a free loopback port. */
export interface RunningServer {
  readonly origin: string
  readonly close: () => Promise<void>
}

/** Starts a server on a free port of 127.0.0.1. */
export async function listen(listener: RequestListener): Promise<RunningServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => stop(server),
  }
}

/** Stops a server at once, open connections included. */
export async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** What a test's browser got. */
export interface Page {
  readonly status: number
  readonly url: string
  readonly location: string | undefined
  readonly headers: Headers
  readonly text: string
}

/** A browser as far as HTTP goes: it keeps cookies for each origin and follows redirects only when told to. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>()

  /** Sends one request. */
  async request(url: string, init: RequestInit = {}): Promise<Page> {
    const { origin } = new URL(url)
    const jar = this.#jar(origin)
    const headers = new Headers(init.headers)
    if (jar.size > 0)
      headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await send(new Request(url, { ...init, headers }))
    for (const line of response.headers.getSetCookie()) this.#store(jar, line)
    const location = response.headers.get('location')
    return {
      ...response,
      url,
      location: location === null ? undefined : new URL(location, url).href,
    }
  }

  /** Visits a page as a person does. */
  visit(url: string): Promise<Page> {
    return this.request(url, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
  }

  /** Visits a page and follows redirects to the end. */
  async follow(url: string): Promise<Page> {
    let page = await this.visit(url)
    for (let hops = 0; page.location !== undefined && hops < 20; hops++)
      page = await this.visit(page.location)
    return page
  }

  /** Posts a form from a page of the same origin. */
  post(
    url: string,
    form: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Page> {
    return this.request(url, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers: { 'sec-fetch-site': 'same-origin', ...headers },
    })
  }

  /** The cookies of an origin, by name. */
  cookies(origin: string): ReadonlyMap<string, string> {
    return this.#jar(origin)
  }

  /** Sets a cookie, as an attacker or a test might. */
  setCookie(origin: string, name: string, value: string): void {
    this.#jar(origin).set(name, value)
  }

  /** Forgets all cookies of an origin. */
  clearCookies(origin: string): void {
    this.#jar(origin).clear()
  }

  #jar(origin: string): Map<string, string> {
    const jar = this.#jars.get(origin) ?? new Map<string, string>()
    this.#jars.set(origin, jar)
    return jar
  }

  #store(jar: Map<string, string>, line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    const expires = attributes.find((one) => /^\s*expires=/i.test(one))?.split('=')[1]
    const gone =
      attributes.some((one) => /^\s*max-age=0\s*$/i.test(one)) ||
      (expires !== undefined && Date.parse(expires) <= Date.now())
    if (gone) jar.delete(name.trim())
    else jar.set(name.trim(), value)
  }
}

/** Not `fetch`: that calls every request `sec-fetch-mode: cors`, which a page visit is not. */
async function send(request: Request): Promise<Pick<Page, 'status' | 'headers' | 'text'>> {
  const { method, url, body } = request
  const answer = await sendRequest(url, {
    method: method as 'GET' | 'POST',
    headers: Object.fromEntries(request.headers),
    body: body === null ? null : Buffer.from(await request.arrayBuffer()),
  })
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(answer.headers)) {
    for (const value of [values].flat()) headers.append(name, value)
  }
  return { status: answer.statusCode, headers, text: await answer.body.text() }
}

import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request as send } from 'undici'

/** A server on a free loopback port. */
export interface RunningServer {
  readonly origin: string
  readonly close: () => Promise<void>
}

/** Starts a server on a free port of 127.0.0.1, or again on the port of one that was closed. */
export async function listen(listener: RequestListener, port = 0): Promise<RunningServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
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

/** What a test's browser asks for. */
export interface BrowserRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A form, or text as it is. */
  readonly body?: URLSearchParams | string
  readonly signal?: AbortSignal
}

/** A browser as far as HTTP goes: it keeps cookies for each origin and follows redirects only when told to. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>()

  /** Sends one request. */
  async request(url: string, init: BrowserRequest = {}): Promise<Page> {
    const { origin } = new URL(url)
    const jar = this.#jar(origin)
    const headers = new Headers(init.headers)
    if (jar.size > 0)
      headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '))
    if (init.body instanceof URLSearchParams)
      headers.set('content-type', 'application/x-www-form-urlencoded')
    // Not by `fetch`, which puts its own values into Host and Sec-Fetch-Mode.
    const response = await send(url, {
      method: (init.method ?? 'GET') as 'GET',
      headers: Object.fromEntries(headers),
      body: init.body?.toString() ?? null,
      signal: init.signal ?? null,
    })
    const answered = headersOf(response.headers)
    for (const line of answered.getSetCookie()) this.#store(jar, line)
    const location = answered.get('location')
    return {
      status: response.statusCode,
      url,
      location: location === null ? undefined : new URL(location, url).href,
      headers: answered,
      text: await response.body.text(),
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

function headersOf(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const lines = Object.entries(headers).flatMap(([name, value = []]) =>
    [value].flat().map((line): [string, string] => [name, line]),
  )
  return new Headers(lines)
}

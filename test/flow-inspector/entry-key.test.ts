import { request as forward } from 'node:http'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { flowInspector } from '../../src/flow-inspector.js'
import type { FlowInspectorOptions } from '../../src/flow-inspector.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
const printed: string[] = []
const proxies: RunningServer[] = []
let browser: Browser

beforeEach(() => {
  browser = new Browser()
  printed.length = 0
})
afterEach(async () => {
  for (const proxy of proxies.splice(0)) await proxy.close()
})

/** An application with the inspector at `/flow` that has logged somebody in. */
async function start(options: FlowInspectorOptions = {}): Promise<TestApp> {
  const app = await scene.start({
    routes: (express, strategy) =>
      express.use(
        '/flow',
        flowInspector(strategy, { print: (line) => printed.push(line), ...options }),
      ),
  })
  await browser.follow(app.loginURL)
  return app
}

/** The address that the application has printed. */
function printedAddress(): string {
  const [, address = ''] =
    /^The flow inspector is at (http:\/\/localhost:\d+\/flow\?key=[\w-]{43})$/.exec(
      printed[0] ?? '',
    ) ?? []
  expect(printed).toHaveLength(1)
  return address
}

/** A proxy on this machine that says nothing of who has asked, and sends each request with another `Host`. */
async function startProxy(app: TestApp, host: string): Promise<RunningServer> {
  const pass: RequestListener = (req, res) => {
    const headers: IncomingHttpHeaders = { ...req.headers, host, connection: 'close' }
    const sent = forward(
      new URL(req.url ?? '/', app.origin),
      { method: req.method, headers },
      (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(res)
      },
    )
    req.pipe(sent)
  }
  const proxy = await listen(pass)
  proxies.push(proxy)
  return proxy
}

const PATHS = ['', '/', '/events', '/style.css', '/script.js']

describe('without the key, the flow inspector', () => {
  it.each(PATHS)('shows nothing at /flow%s, and says where the key is', async (path) => {
    const app = await start()

    const page = await browser.visit(`${app.origin}/flow${path}`)

    expect(page.status).toBe(403)
    expect(page.text).toMatch(
      /^The flow inspector needs its key\. The terminal .* shows the address/,
    )
    expect(page.text).not.toContain(new URL(printedAddress()).searchParams.get('key'))
    expect(page.headers.getSetCookie()).toEqual([])
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it('prints the address once, whatever a stranger says in headers', async () => {
    const app = await start()

    for (const host of ['evil\u00a0.localhost:1', 'other.localhost:666', 'localhost']) {
      await browser.request(`${app.origin}/flow`, { headers: { host } })
    }

    expect(new URL(printedAddress()).port).toBe(new URL(app.origin).port)
  })

  it.each(['?key=', '?key=x', '?key[]=x', '?key=x&key=y', '?KEY=x'])(
    'refuses %s',
    async (query) => {
      const app = await start()

      expect((await browser.visit(`${app.origin}/flow${query}`)).status).toBe(403)
    },
  )

  it('refuses the cookie of another process', async () => {
    const app = await start()
    const { port } = new URL(app.origin)
    browser.setCookie(app.origin, `flow-inspector-${port}`, 'x'.repeat(43))

    expect((await browser.visit(`${app.origin}/flow`)).status).toBe(403)
  })
})

describe('with the key, the flow inspector', () => {
  it('opens from the terminal by one click, and stays open in that browser', async () => {
    const app = await start()
    await browser.visit(`${app.origin}/flow`)
    const address = printedAddress().replace('localhost', '127.0.0.1')

    const opened = await browser.visit(address)

    expect([opened.status, opened.location]).toEqual([303, `${app.origin}/flow`])
    const { port } = new URL(app.origin)
    expect(opened.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        new RegExp(`^flow-inspector-${port}=[\\w-]{43}; Path=/flow; HttpOnly; SameSite=Strict$`),
      ),
    ])
    for (const path of ['', '/style.css', '/script.js']) {
      expect((await browser.visit(`${app.origin}/flow${path}`)).status).toBe(200)
    }
    expect((await new Browser().visit(`${app.origin}/flow`)).status).toBe(403)
  })

  it('has another key in each application, and the same with the option', async () => {
    const [one, other] = [await start(), await start()]
    await browser.visit(`${one.origin}/flow`)
    await browser.visit(`${other.origin}/flow`)
    expect(new Set(printed.map((line) => line.split('key=')[1])).size).toBe(2)

    const key = 'a key; with "characters" that = no cookie has'
    for (const app of [await start({ key }), await start({ key })]) {
      const page = await browser.follow(`${app.origin}/flow?key=${encodeURIComponent(key)}`)
      expect(page.status).toBe(200)
    }
  })

  it('refuses a key that is short', async () => {
    const app = await scene.start()

    expect(() => flowInspector(app.strategy, { key: 'short' })).toThrow(/key needs at least 32/)
  })
})

describe('a request through a proxy that does not say that it is one', () => {
  it.each(['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000'])(
    'sees nothing, though the proxy sends Host: %s',
    async (host) => {
      const app = await start()
      const proxy = await startProxy(app, host)

      for (const path of PATHS) {
        const page = await browser.visit(`${proxy.origin}/flow${path}`)
        expect(page.status).toBe(403)
        expect(page.text).not.toMatch(/client-1|authorize/)
      }
      expect((await browser.visit(`${proxy.origin}/me`)).status).not.toBe(502)
    },
  )

  it('sees nothing when it is HTTP/1.0, as of nginx by default, even with the key', async () => {
    const key = 'a-key-of-the-inspector-with-32-characters'
    const app = await start({ key })
    const { hostname, port } = new URL(app.origin)
    const socket = connect(Number(port), hostname)
    socket.write(
      `GET /flow/script.js?key=${key} HTTP/1.0\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`,
    )

    expect(await text(socket)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    // The same request, but by a browser.
    expect((await browser.visit(`${app.origin}/flow/script.js?key=${key}`)).status).toBe(200)
  })
})

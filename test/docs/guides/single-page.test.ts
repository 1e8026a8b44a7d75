import { spawnSync } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals'
import type { Page } from 'playwright-core'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { findFreePort, startProgram } from '../../support/child-process.js'
import type { RunningProgram } from '../../support/child-process.js'
import { startChromium } from '../../support/chromium.js'
import type { Chromium } from '../../support/chromium.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { listen } from '../../support/http.js'
import type { RunningServer } from '../../support/http.js'
import { REPOSITORY } from '../../support/repository.js'
import { describeWithChromium } from '../../support/requirements.js'

jest.setTimeout(90_000)

const VITE = join(REPOSITORY, 'node_modules/vite/bin/vite.js')

/** What the API was asked. */
interface Call {
  readonly method: string
  readonly path: string
  readonly authorization: string
  readonly body: string
}

describeWithChromium('the app of the guide to single-page applications', (executable) => {
  let chromium: Chromium
  let project: GuideProject
  let provider: TestProvider
  let api: RunningServer
  let vite: RunningProgram | undefined
  let calls: Call[]
  /** The access tokens that the API has come to refuse. */
  let refused: Set<string>

  beforeAll(async () => {
    chromium = await startChromium(executable)
    provider = await startTestProvider({ user: { sub: 'ada', name: 'Ada Lovelace' } })
    api = await listen((req, res) => void answer(req, res))
  })
  beforeEach(async () => {
    project = await createGuideProject()
    ;[calls, refused] = [[], new Set()]
    provider.reset()
  })
  afterEach(async () => {
    await chromium.empty()
    await vite?.stop()
    vite = undefined
    await project.remove()
  })
  afterAll(async () => {
    await chromium.close()
    await provider.close()
    await api.close()
  })

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = req
    const { authorization = '' } = headers
    let body = ''
    for await (const chunk of req) body += String(chunk)
    calls.push({ method, path, authorization, body })
    res.statusCode = refused.has(authorization) ? 401 : 200
    res.setHeader('content-type', 'text/plain').end(`the notes of ${method}`)
  }

  /** Writes the guide's files, and starts its server. */
  async function startServer(appURL?: string): Promise<{ readonly url: string; port: number }> {
    const guide = await readGuide('docs/single-page-apps.md')
    for (const { file, code } of guide.blocks)
      if (file !== undefined) await project.write(file, code)
    const { issuer, clientID, clientSecret } = provider.options
    return project.start(appsIn(guide)[0], () => ({
      ISSUER: issuer,
      CLIENT_ID: clientID,
      CLIENT_SECRET: clientSecret,
      API_URL: `${api.origin}/v1`,
      ...(appURL !== undefined && { APP_URL: appURL }),
    }))
  }

  /** The guide's app in development: Vite before the server. */
  async function startDevelopment(): Promise<string> {
    const port = await findFreePort()
    const url = `http://localhost:${port}`
    const server = await startServer(url)
    await project.write(
      'vite.mjs',
      `process.argv.push('--port', '${port}')\nawait import(${JSON.stringify(VITE)})\n`,
    )
    vite = await startProgram(join(project.folder, 'vite.mjs'), { PORT: String(server.port) }, url)
    return url
  }

  async function startProduction(): Promise<string> {
    const { url } = await startServer()
    const built = spawnSync(process.execPath, [VITE, 'build'], {
      cwd: project.folder,
      encoding: 'utf8',
    })
    if (built.status !== 0) throw new Error(built.stderr)
    return url
  }

  it.each([
    ['in development', startDevelopment],
    ['in production', startProduction],
  ])('logs in, calls the API with the person’s token, and logs out, %s', async (_when, start) => {
    const url = await start()
    const { page, complaints } = await chromium.arrive()

    await page.goto(`${url}/?page=2`)
    await page.getByText('Log in').click()
    await page.getByText('the notes of GET').waitFor()

    expect(page.url()).toBe(`${url}/?page=2`)
    expect(await page.innerText('#who')).toContain('Hello Ada Lovelace.')
    expect(calls).toMatchObject([{ method: 'GET', path: '/v1/notes' }])
    expect(calls[0]?.authorization).toMatch(/^Bearer \S+/)

    await page.getByText('Log out').click()
    await page.getByText('Log in').waitFor()
    expect(new URL(page.url()).origin).toBe(url)
    expect(complaints.filter((one) => !one.includes('404'))).toEqual([])
  })

  it('repeats a call whose token the API refuses, and the browser sees none of it', async () => {
    const url = await startProduction()
    const { page } = await chromium.arrive()
    await page.goto(url)
    await page.getByText('Log in').click()
    await page.getByText('the notes of GET').waitFor()
    const first = calls[0]?.authorization ?? ''
    refused.add(first)

    const answer = await post(page, '/api/notes', '{"a":1}')

    expect(answer).toEqual([200, 'the notes of POST'])
    expect(calls.slice(1)).toEqual([
      { method: 'POST', path: '/v1/notes', authorization: first, body: '{"a":1}' },
      expect.objectContaining({ method: 'POST', path: '/v1/notes', body: '{"a":1}' }),
    ])
    expect(calls[2]?.authorization).not.toBe(first)
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).toBe('{}')
  })

  it('goes to log in when the login is over', async () => {
    const url = await startProduction()
    const { page } = await chromium.arrive()
    await page.goto(url)
    expect(await post(page, '/api/notes', '')).toEqual([
      401,
      '{"error":"login_required","loginPath":"/auth/login"}',
    ])
    expect(calls).toEqual([])
  })

  it.each([
    ['leaves the API', '/api/..%2f../secret'],
    ['leads to another host', '/api//evil.example/notes'],
    ['has another host in it', '/api/@evil.example/'],
  ])('sends no token to a place that %s', async (_what, path) => {
    const url = await startProduction()
    const { page } = await chromium.arrive()
    await page.goto(url)
    await page.getByText('Log in').click()
    await page.getByText('the notes of GET').waitFor()
    calls = []
    await post(page, path, '')
    expect(calls.filter((call) => !call.path.startsWith('/v1/'))).toEqual([])
  })

  it('refuses a form of another origin', async () => {
    const url = await startProduction()
    const other = await listen((_req, res) => {
      res.setHeader('content-type', 'text/html')
      res.end(`<form method="post" action="${url}/api/notes"><button>Win</button></form>`)
    })
    const { page } = await chromium.arrive()
    await page.goto(url)
    await page.getByText('Log in').click()
    await page.getByText('the notes of GET').waitFor()
    calls = []
    await page.goto(other.origin.replace('127.0.0.1', 'localhost'))
    await page.getByText('Win').click()
    await page.getByText('Forbidden').waitFor()
    expect(calls).toEqual([])
    await other.close()
  })
})

/** What a script of the page gets. */
async function post(page: Page, path: string, body: string): Promise<unknown> {
  const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } }
  return page.evaluate(
    async ([at, given]) => {
      const answer = await fetch(at, given)
      return [answer.status, await answer.text()]
    },
    [path, init] as const,
  )
}

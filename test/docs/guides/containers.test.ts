import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { request } from 'undici'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { readGuide } from '../../support/documentation.js'
import { createGuideProject } from '../../support/guide-app.js'
import type { GuideProject } from '../../support/guide-app.js'
import { Browser, listen } from '../../support/http.js'
import type { RunningServer } from '../../support/http.js'

jest.setTimeout(60_000)

let project: GuideProject
let provider: TestProvider
let container: RunningServer

/** The provider's name in the browser, and its address there. */
const PUBLIC = 'http://login.localhost'
const portOf = (url: string): string => new URL(url).port

beforeAll(async () => {
  project = await createGuideProject()
  provider = await startTestProvider()
  container = await listen((req, res) => void passOn(req, res))
})
afterAll(async () => {
  await project.remove()
  await container.close()
  await provider.close()
})

/** The container: the provider, which says of itself what the browser calls it. */
async function passOn(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { issuer } = provider.options
  const called = `${PUBLIC}:${portOf(container.origin)}`
  const rename = (text: string): string =>
    text
      .replaceAll(issuer, called)
      .replaceAll(encodeURIComponent(issuer), encodeURIComponent(called))
  const { authorization, 'content-type': type } = req.headers
  const answer = await request(issuer + (req.url ?? ''), {
    method: req.method as 'GET',
    headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
    body: req.method === 'POST' ? req : null,
  })
  const { location } = answer.headers
  if (location !== undefined) res.setHeader('location', rename(String(location)))
  res.setHeader('content-type', String(answer.headers['content-type'] ?? 'text/plain'))
  res.statusCode = answer.statusCode
  res.end(rename(await answer.body.text()))
}

it('the recipe for containers reaches the provider under another name than the browser does', async () => {
  const guide = await readGuide('docs/providers.md')
  const recipe = guide.blocks.find(({ code }) => code.includes("host === 'localhost' ? 'keycloak'"))
  if (recipe === undefined) throw new Error('The guide has no recipe for containers.')
  const { clientID, clientSecret } = provider.options
  const code = recipe.code
    .replace("host === 'localhost' ? 'keycloak'", "host === 'login.localhost' ? '127.0.0.1'")
    .replace("'http://localhost:8080/realms/demo'", 'process.env.ISSUER')
    .replace("'http://localhost:3000/auth/callback'", '`${process.env.APP_URL}/auth/callback`')
  const { url } = await project.start({ ...recipe, code: code + APP }, () => ({
    ISSUER: `${PUBLIC}:${portOf(container.origin)}`,
    CLIENT_ID: clientID,
    CLIENT_SECRET: clientSecret,
  }))
  const browser = new Browser()
  const { location = '' } = await browser.visit(`${url}/auth/login?return_to=/me`)
  expect(location).toMatch(/^http:\/\/login\.localhost:\d+\/authorize\?/)
  // The browser knows where that is.
  const { location: callback = '' } = await browser.visit(
    location.replace(PUBLIC, 'http://127.0.0.1'),
  )
  const me = await browser.follow(callback)
  expect(JSON.parse(me.text)).toMatchObject({ id: 'ada' })
})

const APP = `
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { authRouter, requireLogin } from 'passport-authorization-code'

const app = express()
app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.use('/auth', authRouter(strategy))
app.get('/me', requireLogin({ loginPath: '/auth/login' }), (req, res) => res.json(req.user))
app.listen(process.env.PORT, () => console.log('Open ' + process.env.APP_URL))
`

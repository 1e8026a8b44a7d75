import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import {
  authRouter,
  AuthorizationCodeStrategy,
  MemoryGrants,
  requireLogin,
} from '../../src/index.js'
import { Browser } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { setScene } from '../support/scene.js'
import { serveScopes } from '../support/scope-server.js'
import { startScriptedProvider } from '../support/scripted-provider.js'
import type { ScriptedProvider } from '../support/scripted-provider.js'

const scene = setScene()
let school: ScriptedProvider

beforeAll(async () => {
  school = await startScriptedProvider()
})
beforeEach(() => school.reset())
afterAll(() => school.close())

it('a page that wants more of another provider that people log in with leads to a login there', async () => {
  serveScopes(scene.provider)
  const atSchool = serveScopes(school)
  const common = {
    scope: 'profile',
    accountOf: () => 'me',
    grantLifetime: 'account',
    grants: new MemoryGrants(),
  } as const
  const app = await scene.start({
    strategy: { name: 'work', ...common },
    routes: (one, _strategy, origin) => {
      const { authorizationURL, tokenURL, profileURL } = school
      const strategy = new AuthorizationCodeStrategy({
        name: 'school',
        ...{ authorizationURL, tokenURL, profileURL },
        clientID: 'client-2',
        clientSecret: 'secret-2',
        callbackURL: `${origin}/school/callback`,
        ...common,
      })
      one.use('/school', authRouter(strategy))
      const files = requireLogin({ strategy, scope: 'files', loginPath: '/school/login' })
      one.get('/files', files, (req, res) => res.json({ user: req.user }))
    },
  })
  const browser = new Browser()
  await browser.follow(`${app.origin}/school/login`)
  await browser.follow(app.loginURL)

  const page = await browser.follow(`${app.origin}/files`)

  expect([page.url, page.status]).toEqual([`${app.origin}/files`, 200])
  expect(bodyOf(page)).toMatchObject({ user: { provider: 'school' } })
  expect(atSchool.wanted).toEqual(['profile', 'profile files'])
  expect(app.errors).toEqual([])
})

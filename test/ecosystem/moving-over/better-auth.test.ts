import { afterEach, beforeEach, expect, it, jest } from '@jest/globals'
import { startTestProvider } from '../../../src/testing.js'
import type { TestProvider } from '../../../src/testing.js'
import { readGuide } from '../../support/documentation.js'
import type { CodeBlock } from '../../support/documentation.js'
import { Browser } from '../../support/http.js'
import { describeWithPostgres } from '../../support/requirements.js'
import { setMovingScene } from '../support/moving-scene.js'

jest.setTimeout(120_000)

const guide = await readGuide('docs/moving-over/from-auth-js.md')

/** An application with better-auth, as its documentation shows it, and a page that signs in without a script. */
const BETTER_AUTH = `import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { genericOAuth } from 'better-auth/plugins'
import express from 'express'
import { pool } from './database.js'

const { APP_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT } = process.env
const auth = betterAuth({
  baseURL: APP_URL,
  secret: 'a secret of a test, which is long enough',
  database: pool,
  telemetry: { enabled: false },
  plugins: [
    genericOAuth({
      config: [
        {
          providerId: 'example',
          discoveryUrl: ISSUER + '/.well-known/openid-configuration',
          clientId: CLIENT_ID,
          clientSecret: CLIENT_SECRET,
          scopes: ['openid', 'profile', 'email', 'offline_access'],
          pkce: true,
        },
      ],
    }),
  ],
})
await (await getMigrations(auth.options)).runMigrations()

const app = express()
app.all('/api/auth/*splat', toNodeHandler(auth))
app.get('/sign-in', async (_req, res) => {
  const body = { provider: 'example', callbackURL: '/' }
  const answer = await auth.api.signInSocial({ body, asResponse: true })
  res.set('set-cookie', answer.headers.getSetCookie()).redirect((await answer.json()).url)
})
app.get('/', async (req, res) => {
  res.json(await auth.api.getSession({ headers: new Headers({ cookie: req.headers.cookie }) }))
})
app.listen(PORT, () => console.log('Open'))`

describeWithPostgres('the guide from better-auth', (postgres) => {
  let provider: TestProvider
  const scene = setMovingScene(guide, postgres, () => ({
    API_URL: provider.options.profileURL,
    CLIENT_ID: provider.options.clientID,
    CLIENT_SECRET: provider.options.clientSecret,
    ISSUER: provider.options.issuer,
  }))
  const old: CodeBlock = { language: 'js', file: 'app.js', code: BETTER_AUTH }
  /** Changed as the guide says: its table of sessions in a schema, and the name of the table of users. */
  const after = [...scene.under('After'), ...scene.under('From better-auth')].map((block) => ({
    ...block,
    code: block.code
      .replace('new PgStore({ pool,', "new PgStore({ pool, schemaName: 'web',")
      .replace('SELECT id FROM users', 'SELECT id FROM "user"'),
  }))

  beforeEach(async () => {
    provider = await startTestProvider({ refreshTokens: 'rotate' })
  })
  afterEach(() => provider.close())

  function isAt(person: string): void {
    provider.user = { sub: person, name: person, email: `${person}@example.com` }
  }

  it('takes over its accounts, and users keep their ids', async () => {
    await scene.deploy(scene.under('Before'), [old])
    const browser = new Browser()
    isAt('ada')
    const { text } = await browser.follow(`${scene.url}/sign-in`)
    const { user } = JSON.parse(text) as { user: { id: string } }

    await scene.stop()
    await scene.pool.query('CREATE SCHEMA web')
    await scene.write(after)
    expect(await scene.run('import.js')).toBe('1 imported, 0 were there before\n')
    await scene.deploy()
    await scene.passAnHour()
    provider.clock.advance(3_600_000)
    expect(await scene.run('nightly.js')).toBe(`user ${user.id}: 200\n`)

    const page = await browser.follow(`${scene.url}/report`)
    expect(JSON.parse(page.text)).toMatchObject({
      user: { id: user.id, name: 'ada' },
      fromTheAPI: { sub: 'ada' },
    })
    isAt('bob')
    const other = await new Browser().follow(`${scene.url}/report`)
    expect(JSON.parse(other.text)).toMatchObject({
      user: { id: expect.stringMatching(/^[\da-f-]{36}$/), name: 'bob' },
    })
    expect(await scene.run('nightly.js')).toMatch(/^(user \S+: 200\n){2}$/)
    const { rows } = await scene.pool.query(
      `SELECT name FROM oauth2_links WHERE name LIKE 'account/%'`,
    )
    expect(rows).toHaveLength(2)
    expect(provider.reused).toEqual([])

    provider.user = { sub: 'eve', name: 'eve', email: 'ada@example.com' }
    expect((await new Browser().follow(`${scene.url}/report`)).status).toBe(403)
  })
})

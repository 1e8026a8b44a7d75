import { afterAll, beforeAll, expect, it, jest } from '@jest/globals'
import { PostgresGrants } from '../../src/postgres.js'
import { advanceClock } from '../support/clock.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { Browser } from '../support/http.js'
import { bodyOf, formOf, startLogin } from '../support/login.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { describeWithPostgres } from '../support/requirements.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

const HOUR_SECONDS = 3600
const scene = setScene()

describeWithPostgres('a dump of the database', (postgres) => {
  let server: PostgresProcess

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
  })
  afterAll(() => server.close())

  it('has no token, code or verifier in clear, but says whose the grant is', async () => {
    const { provider } = scene
    const rotating = rotateRefreshTokens(provider)
    const grants = new PostgresGrants({ pool: server.connect(), secret: GRANT_SECRET })
    await grants.setUp()
    const app = await scene.start({
      strategy: { grants, revocationURL: rotating.revocationURL },
    })
    const browser = new Browser()
    const { callback } = await startLogin(browser, app.loginURL)
    await browser.visit(callback)
    const form = formOf(provider.requestsTo('/token')[0])
    const spent = [form.get('code') ?? '', form.get('code_verifier') ?? '']

    const dumps: string[] = []
    for (const version of [2, 3]) {
      dumps.push(await server.dump())
      advanceClock(HOUR_SECONDS)
      const page = await browser.visit(`${app.origin}/token`)
      expect(bodyOf(page)['accessToken']).toBe(`access-token-${version}-of-ada`)
    }
    dumps.push(await server.dump())
    await browser.post(`${app.origin}/auth/logout`)
    dumps.push(await server.dump())

    const secrets = [...rotating.issued, ...spent, 'secret-1', GRANT_SECRET]
    expect(secrets.length).toBeGreaterThan(8)
    for (const dump of dumps) {
      expect(
        secrets.filter((secret) => spellingsOf(secret).some((one) => dump.includes(one))),
      ).toEqual([])
      // It is there, or the test would prove nothing.
      expect(dump).toMatch(/^grant\/\S+\t\S+\t\S{40}/m)
    }
    expect(dumps[0]).toMatch(/^account\/oauth2\/(\S+)\t\S+\toauth2\t\1\t/m)
  })
})

/** What a store might make of a text. */
function spellingsOf(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  return [
    text,
    encodeURIComponent(text),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]
}

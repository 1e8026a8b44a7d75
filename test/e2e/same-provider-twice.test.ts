import { describe, expect, it } from '@jest/globals'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import {
  forJobs,
  LIFETIMES,
  logIn,
  ME,
  refreshTokens,
  setEndingScene,
} from '../support/ending-scene.js'
import type { EndingCase } from '../support/ending-scene.js'
import { Browser } from '../support/http.js'
import { logInAs } from '../support/login.js'

/** Two strategies for one provider: of one client, unless a test says otherwise. Each is in a process of its own. */

const scene = setEndingScene()

async function start(
  given: EndingCase,
  report: Partial<AuthorizationCodeOptions> = {},
): Promise<{ readonly main: TestApp; readonly report: TestApp }> {
  return {
    main: await scene.start({ ...given, lifetime: 'login' }, { name: 'main' }),
    report: await scene.start(given, { name: 'report', ...report }),
  }
}

describe.each(LIFETIMES)(
  'where revoking a token ends everything, with a second strategy of grantLifetime %s,',
  (lifetime) => {
    it('ending the grant of one strategy leaves that of the other alive', async () => {
      const { main, report } = await start({ lifetime, ends: 'grant' })
      await logIn(main)
      await logIn(report)

      expect(await report.strategy.endGrant(ME)).toBe(1)
      expect(scene.rotating.revocations).toEqual([])
      expect(await forJobs(main)).toBe('access-token-1-of-ada')

      expect(await main.strategy.endGrant(ME)).toBe(1)
      expect(await scene.revoked(1)).toEqual(refreshTokens(1))
    })

    it('logging out of one strategy leaves the grant of the other alive', async () => {
      const { main, report } = await start({ lifetime, ends: 'grant' })
      const browser = await logIn(main)
      await logIn(report)

      await browser.post(`${main.origin}/auth/logout`)
      await main.strategy.idle()
      expect(await forJobs(main)).toBe('no_tokens')
      expect(scene.rotating.revocations).toEqual([])
      expect(await forJobs(report)).toBe('access-token-2-of-ada')
    })

    it('what another client has ends with it', async () => {
      const { main, report } = await start({ lifetime, ends: 'grant' }, { clientID: 'client-2' })
      await logIn(main)
      await logIn(report)

      expect(await report.strategy.endGrant(ME)).toBe(1)
      expect(await scene.revoked(1)).toEqual(refreshTokens(2))
    })
  },
)

describe.each(['grant', undefined] as const)('with revocationEnds %s', (ends) => {
  it('a login that one strategy refuses leaves the grant of the other alive', async () => {
    const main = await scene.start({ ends }, { name: 'main' })
    const strict = await scene.start({ ends }, { name: 'report' }, undefined, () => false)
    await logIn(main)

    expect((await logInAs('ada', new Browser(), strict.loginURL)).status).not.toBe(302)
    await strict.strategy.idle()
    expect(scene.rotating.revocations).toEqual([])

    expect((await logInAs('grace', new Browser(), strict.loginURL)).status).not.toBe(302)
    expect(await scene.revoked(1)).toEqual(refreshTokens(3, 'grace'))
  })
})

describe('ending the grants of both strategies', () => {
  it('revokes when the last one has ended', async () => {
    const { main, report } = await start({ lifetime: 'account', ends: 'grant' })
    await logIn(main)
    await logIn(report)

    expect(await main.strategy.endGrant(ME)).toBe(1)
    expect(scene.rotating.revocations).toEqual([])
    expect(await report.strategy.endGrant(ME)).toBe(1)
    expect(await scene.revoked(1)).toEqual(refreshTokens(2))
  })
})

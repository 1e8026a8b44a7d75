import { describe, expect, it } from '@jest/globals'
import type { Holder } from '../../src/index.js'
import { advanceClock } from '../support/clock.js'
import {
  forJobs,
  LIFETIMES,
  logIn,
  ME,
  refreshTokens,
  REVOCATION_ENDS,
  setEndingScene,
  tokenOf,
} from '../support/ending-scene.js'
import { Browser } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { speakOpenId } from '../support/openid-provider.js'
import { json } from '../support/scripted-provider.js'

/** The rows of docs/which-token-ends-when.md that test/e2e/account-grants.test.ts does not have. */

const HOUR = 3600
const EVERY_CASE = LIFETIMES.flatMap((lifetime) =>
  REVOCATION_ENDS.map((ends) => ({ lifetime, ends })),
)

const scene = setEndingScene()

describe('logging out', () => {
  it.each(EVERY_CASE)('$lifetime, revocationEnds $ends', async ({ lifetime, ends }) => {
    const app = await scene.start({ lifetime, ends })
    const browser = await logIn(app)
    await browser.post(`${app.origin}/auth/logout`)
    expect(await tokenOf(app, browser)).toBe('ERR_LOGIN_REQUIRED')
    const isOver = lifetime === 'login'
    expect(await forJobs(app)).toBe(isOver ? 'no_tokens' : 'access-token-1-of-ada')
    expect(await scene.revoked(isOver ? 1 : 0)).toEqual(isOver ? refreshTokens(1) : [])
  })

  it.each(EVERY_CASE)(
    'with a second device: $lifetime, revocationEnds $ends',
    async ({ lifetime, ends }) => {
      const app = await scene.start({ lifetime, ends })
      const [phone, laptop] = [await logIn(app), await logIn(app)]
      await phone.post(`${app.origin}/auth/logout`)
      expect(await tokenOf(app, laptop)).toBe('access-token-2-of-ada')
      const isRevoked = lifetime === 'login' && ends !== 'grant'
      expect(await scene.revoked(isRevoked ? 1 : 0)).toEqual(isRevoked ? refreshTokens(1) : [])
    },
  )
})

describe('a login over a login', () => {
  it.each(EVERY_CASE)(
    'of the same account: $lifetime, revocationEnds $ends',
    async ({ lifetime, ends }) => {
      const app = await scene.start({ lifetime, ends })
      const browser = await logIn(app)
      await logIn(app, 'ada', browser)
      expect(await tokenOf(app, browser)).toBe('access-token-2-of-ada')
      expect(await app.strategy.listGrants('me')).toHaveLength(1)
      const isRevoked = lifetime === 'login' && ends === 'token'
      expect(await scene.revoked(isRevoked ? 1 : 0)).toEqual(isRevoked ? refreshTokens(1) : [])
    },
  )

  it.each(EVERY_CASE)(
    'of another account at the provider: $lifetime, revocationEnds $ends',
    async ({ lifetime, ends }) => {
      const app = await scene.start({ lifetime, ends })
      const browser = await logIn(app)
      await logIn(app, 'grace', browser)
      expect(await tokenOf(app, browser)).toBe('access-token-2-of-grace')
      expect(await app.strategy.accessToken(ME)).toBe('access-token-2-of-grace')
      const grants = await app.strategy.listGrants('me')
      expect(grants).toHaveLength(lifetime === 'login' ? 1 : 2)
      // Nothing of ada's is alive, whatever the provider ends with her tokens.
      const isRevoked = lifetime === 'login'
      expect(await scene.revoked(isRevoked ? 1 : 0)).toEqual(isRevoked ? refreshTokens(1) : [])
      const older = await app.strategy.tokens({ ...ME, grant: grants[1]?.id ?? 'none' })
      expect(older?.accessToken).toBe(lifetime === 'login' ? undefined : 'access-token-1-of-ada')
    },
  )

  it('of another person revokes what it replaces: nothing of the first one is alive', async () => {
    const accountOf = ({ id }: { id: string }): string => `own-${id}`
    const app = await scene.start({ ends: 'grant' }, { accountOf })
    const browser = await logIn(app)
    await logIn(app, 'grace', browser)
    expect(await scene.revoked(1)).toEqual(refreshTokens(1))
  })

  it.each(['grant', 'token'] as const)(
    "pushes out the oldest of four with grantLifetime 'account', which is revoked if that ends nothing else: revocationEnds %s",
    async (ends) => {
      const app = await scene.start({ lifetime: 'account', ends })
      for (let logins = 0; logins < 4; logins++) await logIn(app)
      const oldest = ends === 'grant' ? [] : refreshTokens(1)
      expect(await scene.revoked(oldest.length)).toEqual(oldest)
      await app.strategy.endGrant(ME)
      const all = [
        ...oldest,
        ...(ends === 'grant' ? [] : [...refreshTokens(2), ...refreshTokens(3)]),
        ...refreshTokens(4),
      ]
      expect(await scene.revoked(all.length)).toEqual(all.sort())
    },
  )
})

describe('ending the grant of a request', () => {
  it.each(LIFETIMES)('leaves its session, without tokens: %s', async (lifetime) => {
    const app = await scene.start({ lifetime })
    const [own, other] = [await logIn(app), await logIn(app)]
    app.app.get('/end', (req, res, next) => {
      app.strategy.endGrant(req).then((ended) => res.json({ ended }), next)
    })
    expect(bodyOf(await own.visit(`${app.origin}/end`))).toEqual({ ended: 1 })
    expect(bodyOf(await own.visit(app.origin))).toMatchObject({ user: { id: 'ada' } })
    expect(await tokenOf(app, own)).toBe('ERR_LOGIN_REQUIRED')
    const isShared = lifetime === 'account'
    expect(await tokenOf(app, other)).toBe(
      isShared ? 'ERR_LOGIN_REQUIRED' : 'access-token-2-of-ada',
    )
    const { user } = bodyOf(await other.visit(app.origin))
    expect(user === null).toBe(isShared)
  })
})

describe('a refused refresh', () => {
  it.each(LIFETIMES)('revokes nothing, and the next login helps: %s', async (lifetime) => {
    const app = await scene.start({ lifetime })
    const browser = await logIn(app)
    scene.rotating.endGrants()
    advanceClock(HOUR)
    expect(await tokenOf(app, browser)).toBe('ERR_LOGIN_REQUIRED')
    const [listed] = await app.strategy.listGrants('me')
    expect(listed).toMatchObject({ loginRequired: true })
    await logIn(app, 'ada', browser)
    expect(await tokenOf(app, browser)).toBe('access-token-2-of-ada')
    expect(await app.strategy.accessToken(ME)).toBe('access-token-2-of-ada')
    expect(await scene.revoked(0)).toEqual([])
  })
})

describe('a provider that has ended everything, of which only the API tells', () => {
  const LOGINS = [1, 2, 3]
  const HOLDERS = ['request', 'job'] as const
  const CASES = LIFETIMES.flatMap((lifetime) =>
    LOGINS.flatMap((logins) => HOLDERS.map((by) => ({ lifetime, logins, by }))),
  )

  it.each(CASES)(
    'says so after one refusal for each login: $lifetime, $logins logins, $by',
    async ({ lifetime, logins, by }) => {
      const app = await scene.start({ lifetime })
      const { resourceURL } = scene.rotating
      const call = (holder: Holder): Promise<unknown> =>
        app.strategy.fetch(holder, resourceURL).then(
          ({ status }) => status,
          (error: unknown) => (error as Error).name,
        )
      app.app.get('/call', async (req, res) => {
        res.json(await call(req))
      })
      let browser = new Browser()
      for (let login = 0; login < logins; login++) browser = await logIn(app)
      const use = async (): Promise<unknown> =>
        by === 'job' ? call(ME) : bodyOf(await browser.visit(`${app.origin}/call`))
      expect(await use()).toBe(200)

      scene.rotating.endGrants()
      scene.rotating.revokeAccessTokens()
      const answers: unknown[] = []
      for (let count = 0; count < logins + 1; count++) answers.push(await use())
      const asked = scene.provider.requestsTo(new URL(resourceURL).pathname).length
      const last = await use()
      expect(last).toBe('LoginRequiredError')
      expect(answers.at(-1)).toBe(last)
      // Nothing more is asked for with tokens that are known to be refused.
      expect(scene.provider.requestsTo(new URL(resourceURL).pathname)).toHaveLength(asked)
    },
  )
})

describe('the provider’s logout', () => {
  it.each(LIFETIMES)(
    'ends the session, and the grant only with its login: %s',
    async (lifetime) => {
      const openId = await speakOpenId(scene.provider)
      scene.provider.onProfile(json({ sub: openId.person }))
      const app = await scene.start({ lifetime }, { ...openId.options, backchannelLogout: true })
      const browser = new Browser()
      expect((await browser.follow(app.loginURL)).status).toBe(200)
      const token = await app.strategy.accessToken(ME)

      const answer = await browser.request(`${app.origin}/auth/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: await openId.logoutToken() }),
      })

      expect(answer.status).toBe(200)
      expect(bodyOf(await browser.visit(app.origin))).toEqual({ user: null })
      expect(await tokenOf(app, browser)).toBe('ERR_LOGIN_REQUIRED')
      expect(await forJobs(app)).toBe(lifetime === 'account' ? token : 'no_tokens')
      expect(await scene.revoked(0)).toEqual([])
    },
  )
})

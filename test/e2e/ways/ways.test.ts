import { afterEach, beforeAll, afterAll, describe, expect, it, jest } from '@jest/globals'
import { discover } from '../../../src/index.js'
import { startTestProvider } from '../../../src/testing.js'
import { startChromium } from '../../support/chromium.js'
import type { Chromium } from '../../support/chromium.js'
import { readGuide } from '../../support/documentation.js'
import { startIdTokenServer } from '../../support/id-token-server.js'
import { describeWithChromium } from '../../support/requirements.js'
import { repairGrants } from './failing-stores.js'
import { BY_THE_APPLICATION, BY_THE_PERSON, BY_THE_PROVIDER, UNDISTURBED } from './login-ways.js'
import { LOGGED_IN, LOGOUTS } from './logout-ways.js'
import { setStage } from './stage.js'
import type { Seen } from './stage.js'
import type { Way } from './way.js'

jest.setTimeout(60_000)

/** The ways under each heading of the guide. */
const WAYS: Readonly<Record<string, readonly Way[]>> = {
  'A login': UNDISTURBED,
  'A login that the person disturbs': BY_THE_PERSON,
  'A login that the provider or the network disturbs': BY_THE_PROVIDER,
  'A login that the application disturbs': BY_THE_APPLICATION,
  'Between login and logout': LOGGED_IN,
  'A logout': LOGOUTS,
}

const { text } = await readGuide('docs/every-way.md')
/** What the guide says about each way, by heading and title. */
const TABLES = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), rowsOf(part)] as const),
)

function rowsOf(part: string): ReadonlyMap<string, Seen> {
  const rows = [...part.matchAll(/^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$/gm)].slice(2)
  return new Map(
    rows.map(([, title = '', person = '', developer = '', log = '']) => [
      title,
      { person, developer, log },
    ]),
  )
}

it('the guide has a row for each way, and no others', () => {
  const played = Object.entries(WAYS).map(([heading, ways]) => [
    heading,
    ways.map(({ title }) => title),
  ])
  expect([...TABLES].map(([heading, rows]) => [heading, [...rows.keys()]])).toEqual(played)
})

describeWithChromium('in a real browser', (executable) => {
  let chromium: Chromium
  const running: { close(): Promise<void> }[] = []

  beforeAll(async () => {
    chromium = await startChromium(executable)
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    repairGrants()
    for (const one of running.splice(0).toReversed()) await one.close()
    await chromium.empty()
  })
  afterAll(() => chromium.close())

  describe.each(Object.entries(WAYS))('%s', (heading, ways) => {
    it.each(ways)('$title', async ({ title, options, play }) => {
      const provider = await startTestProvider()
      running.push(provider)
      const stage = await setStage(() => provider.options, await chromium.arrive(), options)
      running.push(stage)
      await play(stage, provider)
      expect(await stage.seen()).toEqual(TABLES.get(heading)?.get(title))
    })
  })

  describe('at oidc-provider too', () => {
    const ways = Object.entries(WAYS).flatMap(([heading, all]) =>
      all.filter((way) => way.playAtOidcProvider).map((way) => ({ heading, ...way })),
    )
    it.each(ways)('$title', async ({ heading, title, options, playAtOidcProvider }) => {
      const stage = await setStage(registerAtOidcProvider, await chromium.arrive(), options)
      running.push(stage)
      await playAtOidcProvider?.(stage)
      expect(await stage.seen()).toEqual(TABLES.get(heading)?.get(title))
    })
  })

  async function registerAtOidcProvider(url: string) {
    const server = await startIdTokenServer({
      algorithm: 'ES256',
      callbackURL: `${url}/auth/callback`,
      postLogoutRedirectURL: `${url}/auth/logged-out`,
    })
    running.push(server)
    const { clientID, clientSecret, origin } = server
    return { ...(await discover(origin)), clientID, clientSecret, scope: 'openid' }
  }
})

import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { Browser } from '../support/http.js'
import { asked, bodyOf, ONE_LOGIN } from '../support/login.js'
import { RecordingStore } from '../support/recording-store.js'
import { startScriptedProvider } from '../support/scripted-provider.js'

const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A process of its own, as far as modules go: Passport's serializers are registered once and for all. */
async function freshProcess() {
  jest.resetModules()
  const { default: passport } = await import('passport')
  const { startApp } = await import('../support/app.js')
  return { passport, startApp }
}

type Fresh = Awaited<ReturnType<typeof freshProcess>>

async function logIn({ startApp }: Fresh, afterStart?: () => void) {
  const provider = await startScriptedProvider()
  const store = new RecordingStore()
  const { authorizationURL, tokenURL, profileURL } = provider
  const app = await startApp({ store, strategy: { authorizationURL, tokenURL, profileURL } })
  closing.push(
    () => app.close(),
    () => provider.close(),
  )
  afterStart?.()

  const browser = new Browser()
  const page = await browser.follow(app.loginURL)
  expect(asked(provider)).toEqual(ONE_LOGIN)
  expect(app.errors).toEqual([])
  const [session] = Object.values(await store.contents())
  return { user: bodyOf(page)['user'], serialized: session?.['passport'] }
}

const DEFAULT_USER = {
  provider: 'oauth2',
  id: 'ada',
  account: 'default-user/oauth2/ada',
  profile: expect.objectContaining({ id: 'ada', displayName: 'Ada Lovelace' }),
}

function registerOwn({ passport }: Fresh): void {
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id))
  passport.deserializeUser((id: string, done) => done(null, { ownId: id }))
}

describe('without verify, the user is { provider, id, account, profile }', () => {
  it('and lives in the session when the application registers no serializers', async () => {
    const { user, serialized } = await logIn(await freshProcess())
    expect(user).toEqual(DEFAULT_USER)
    expect(serialized).toEqual({
      user: { defaultUser: DEFAULT_USER, mark: expect.stringMatching(/^[\w-]{43}$/) },
    })
  })

  it('and goes through the application’s serializers, registered before the strategy', async () => {
    const fresh = await freshProcess()
    registerOwn(fresh)
    expect(await logIn(fresh)).toEqual({ user: { ownId: 'ada' }, serialized: { user: 'ada' } })
  })

  it('and goes through the application’s serializers, registered after the strategy', async () => {
    const fresh = await freshProcess()
    const result = await logIn(fresh, () => registerOwn(fresh))
    expect(result).toEqual({ user: { ownId: 'ada' }, serialized: { user: 'ada' } })
  })
})

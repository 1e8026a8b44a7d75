import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Browser } from '../../support/http.js'
import { listed, OneAccountScene } from '../../support/one-account-scene.js'

jest.setTimeout(180_000)

let scene: OneAccountScene
beforeAll(async () => {
  scene = await OneAccountScene.create()
})
beforeEach(() => scene.reset())
afterAll(() => scene.close())

/** Attacks by title of the mistake. Each resolves to whether somebody has got into an account that is not theirs. */
const ATTACKS: Readonly<Record<string, Readonly<Record<string, () => Promise<boolean>>>>> = {
  'Linking by email address': {
    'the victim’s address, which GitHub has not verified': async () => {
      await scene.logIn('google', scene.people.ada)
      const mallory = { ...scene.people.mallory, email: scene.people.ada.email }
      return (await scene.logIn('github', mallory)) === scene.people.ada.name
    },
    'an address that was the victim’s, verified by its new owner': async () => {
      await scene.logIn('google', scene.people.ada)
      const alice = { ...scene.people.alice, email: scene.people.ada.email }
      return (await scene.logIn('google', alice)) === scene.people.ada.name
    },
    'a user that was made with the victim’s address before': async () => {
      await scene.logIn('github', { ...scene.people.mallory, email: scene.people.ada.email })
      return (await scene.logIn('google', scene.people.ada)) === scene.people.mallory.name
    },
  },
  'Looking people up by name': {
    'the victim’s name': async () => {
      await scene.logIn('google', scene.people.ada)
      await scene.logIn('github', { ...scene.people.mallory, name: scene.people.ada.name })
      // The name alone does not tell whose account it is.
      return (
        listed(await scene.browser.visit(`${scene.url}/settings`))[0] ===
        `google: ${scene.people.ada.email}`
      )
    },
  },
  'The id without its provider': {
    'the victim’s id, at another provider': async () => {
      await scene.logIn('google', { ...scene.people.ada, sub: scene.people.mallory.key })
      return (await scene.logIn('github', scene.people.mallory)) === scene.people.ada.name
    },
  },
  'Taking a login for a connection': {
    'a browser in which somebody is still logged in': async () => {
      await scene.logIn('google', scene.people.ada)
      await scene.logIn('github', scene.people.mallory)
      return (
        (await scene.logIn('github', scene.people.mallory, new Browser())) === scene.people.ada.name
      )
    },
  },
}

describe('the mistakes that lead to account takeover', () => {
  it.each(Object.keys(ATTACKS))('%s: the attacks get in, and nowhere else', async (title) => {
    const wrong = await scene.start(scene.withBlock(title))
    const attacks = Object.entries(ATTACKS[title] ?? {})
    const results: [string, boolean, boolean][] = []
    for (const [what, attack] of attacks) {
      const reached: boolean[] = []
      for (scene.url of [wrong, scene.right]) {
        scene.browser = new Browser()
        scene.people = scene.newPeople()
        reached.push(await attack())
      }
      results.push([what, reached[0] === true, reached[1] === true])
    }
    expect(results).toEqual(attacks.map(([what]) => [what, true, false]))
  })

  it('Connecting in a stolen session: a thief comes back for ever if no login is asked for', async () => {
    const guard = "app.use('/auth/:provider/connect', recently)\n"
    const isOld = (code: string): string => code.replace('5 * 60_000', '0')
    const { ada, mallory } = scene.people
    async function attack(): Promise<string> {
      scene.browser = new Browser()
      const thief = new Browser()
      await scene.logIn('google', ada)
      for (const [name, value] of scene.browser.cookies(scene.url))
        thief.setCookie(scene.url, name, value)
      await scene.connect('github', mallory, thief)
      await scene.browser.post(`${scene.url}/auth/google/logout`)
      return scene.logIn('github', mallory, new Browser())
    }
    scene.url = await scene.start((code) => {
      expect(code).toContain(guard)
      return isOld(code.replace(guard, ''))
    })
    expect(await attack()).toBe(ada.name)
    scene.url = await scene.start(isOld)
    expect(await attack()).toBe(mallory.name)

    // The person who is asked to log in again sees only what logs in the same user.
    scene.browser = new Browser()
    scene.people = scene.newPeople()
    await scene.logIn('google', scene.people.ada)
    const asked = await scene.connect('github', scene.people.adaAtGitHub)
    expect(asked.text.match(/Log in with \w+/g)).toEqual(['Log in with google'])
    expect((await new Browser().visit(`${scene.url}/login`)).text).toContain('Log in with github')
  })
})

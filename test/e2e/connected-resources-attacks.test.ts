import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connectResources } from '../../src/connect.js'
import { MemoryGrants } from '../../src/index.js'
import { startConnectingApp } from '../support/connecting-app.js'
import type { ConnectingApp } from '../support/connecting-app.js'
import { startConnectableServer } from '../support/connectable-server.js'
import type { ConnectableServer } from '../support/connectable-server.js'
import type { Browser, Page } from '../support/http.js'

let honest: ConnectableServer
let hostile: ConnectableServer
let app: ConnectingApp
let anna: Browser
beforeEach(async () => {
  honest = await startConnectableServer()
  hostile = await startConnectableServer()
  app = await startConnectingApp()
  anna = await app.logIn('anna')
})
afterEach(async () => {
  await Promise.all([app.close(), honest.close(), hostile.close()])
})

const call = (address: string): Promise<Response> =>
  app.connections.fetchFor({ account: 'anna' })(address)

/** What everything that a server was sent looks like. */
const seenBy = (server: ConnectableServer): string =>
  [server.calls, server.tokenRequests, server.authorizations].flat().map(String).join('\n')

describe('connected resources: mix-up', () => {
  it('sends no code to another server than the one that has issued it', async () => {
    await app.connect(await app.logIn('ben'), honest.address)
    const client = honest.authorizations[0]?.get('client_id') ?? ''
    const callback = honest.authorizations[0]?.get('redirect_uri') ?? ''
    // The hostile server sends the person on to the honest one, with the state and the challenge of its own login.
    hostile.onAuthorize = (req, res) => {
      const parameters = new URL(req.originalUrl, hostile.origin).searchParams
      parameters.set('client_id', client)
      parameters.set('redirect_uri', callback)
      res.redirect(`${honest.origin}/authorize?${parameters.toString()}`)
    }
    const end = await app.connect(anna, hostile.address)
    const back = await anna.request(end.location ?? '')

    expect(new URL(back.url).searchParams.has('code')).toBe(true)
    expect(back.status).toBe(400)
    expect(hostile.tokenRequests).toEqual([])
    expect(await app.connections.list({ account: 'anna' })).toEqual([])
  })

  it('takes no answer at the callback of another server', async () => {
    let state = ''
    hostile.onAuthorize = (req, res) => {
      state = new URL(req.originalUrl, hostile.origin).searchParams.get('state') ?? ''
      res.end()
    }
    await app.connect(anna, hostile.address)
    await app.connect(anna, honest.address)
    const callback = honest.authorizations[0]?.get('redirect_uri') ?? ''
    const query = new URLSearchParams({ code: 'stolen', state, iss: hostile.origin })
    const end = await anna.request(`${callback}?${query.toString()}`)

    expect(end.status).toBe(400)
    expect(hostile.tokenRequests).toEqual([])
  })
})

describe('connected resources: other people’s identity', () => {
  it('connects no resource whose metadata are about another one', async () => {
    for (const resource of [honest.address, `${hostile.origin}/other`, 7, undefined]) {
      hostile.metadata.resource = { resource }
      const page = await app.ask(anna, `${hostile.address}?${String(resource)}`)
      expect([page.status, page.text]).toEqual([
        422,
        expect.stringContaining('cannot be connected'),
      ])
    }
    expect(seenBy(honest)).toBe('')
  })

  it('believes no authorization server that claims the issuer of another', async () => {
    hostile.metadata.server = { issuer: honest.origin }
    const page = await app.ask(anna, hostile.address)
    expect(page.status).toBe(422)
    expect(hostile.registrations).toEqual([])
  })

  it('uses no server without PKCE', async () => {
    for (const methods of [undefined, ['plain'], []]) {
      hostile.metadata.server = { code_challenge_methods_supported: methods }
      const page = await app.ask(await app.logIn(`ben-${String(methods)}`), `${hostile.address}?x`)
      expect(page.status).toBe(422)
    }
  })

  it('lets no name look as if it had ended', async () => {
    for (const mark of ['”', '"', '❞', '″', '＂', '〞', 'ʺ', '»']) {
      hostile.metadata.resource = { resource_name: `GitHub${mark}. Verified. ${mark}サーバー` }
      const { text } = await app.ask(await app.logIn(`ben-${mark}`), `${hostile.address}?${mark}`)
      expect(text).toContain('“GitHub . Verified.  サーバー”')
    }
  })

  it('writes nothing of a server into a page that is not text', async () => {
    const evil = '<img src=x onerror=alert(1)>'
    hostile.metadata.resource = { resource_name: evil, scopes_supported: [`read"><script>`, 'ok'] }
    const page = await app.ask(anna, hostile.address)
    expect(page.text).not.toMatch(/<img|<script/)
    expect(page.text).toContain('&#60;img')
  })
})

describe('connected resources: tokens', () => {
  it('go to the resource that they are for, and to no other address', async () => {
    await app.connect(anna, honest.address)
    const token = (await call(honest.address), honest.calls.at(-1))
    const others = [
      hostile.address,
      `${honest.origin}/apis`,
      `${honest.origin}/api/../other`,
      `${honest.origin}/api%2f..%2fother`,
      honest.origin,
    ]
    for (const address of others) await call(address).catch(() => undefined)

    expect(token).toMatch(/^access-/)
    expect(seenBy(hostile)).not.toContain(token)
    expect(honest.calls.slice(-1)).toEqual([token])
  })

  it('do not follow a redirect of the resource', async () => {
    await app.connect(anna, honest.address)
    honest.onCall = (_req, res) => res.redirect(307, hostile.address)
    const answer = await app.connections.fetchFor({ account: 'anna' })(honest.address, {
      redirect: 'follow',
    })
    expect(answer.status).toBe(307)
    expect(hostile.calls).toEqual([])
  })
})

describe('connected resources: other sites', () => {
  const FOREIGN = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }

  async function post(path: string, headers: Record<string, string>): Promise<Page> {
    const query = new URLSearchParams({ resource: honest.address }).toString()
    return anna.request(`${app.origin}/connect/${path}?${query}`, { method: 'POST', headers })
  }

  it('start no connection: a link of theirs leads to the page that asks', async () => {
    expect((await post('login', FOREIGN)).status).toBe(403)
    const query = new URLSearchParams({ resource: honest.address }).toString()
    const page = await anna.request(`${app.origin}/connect/login?${query}`, {
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': 'cross-site',
      },
    })
    expect(page.status).toBe(200)
    expect(honest.registrations).toEqual([])
    expect(honest.authorizations).toEqual([])
  })

  it('end no connection', async () => {
    await app.connect(anna, honest.address)
    expect((await post('disconnect', FOREIGN)).status).toBe(403)
    expect((await call(honest.address)).status).toBe(200)
  })

  it('connect nobody to an account that somebody else has allowed', async () => {
    const ben = await app.logIn('ben')
    let back = ''
    honest.onAuthorize = (req, res) => {
      const parameters = new URL(req.originalUrl, honest.origin).searchParams
      const query = { code: 'of-ben', state: parameters.get('state') ?? '', iss: honest.origin }
      back = `${parameters.get('redirect_uri') ?? ''}?${new URLSearchParams(query).toString()}`
      res.end()
    }
    await app.connect(ben, honest.address)
    expect((await anna.request(back)).status).toBe(400)
    expect(honest.tokenRequests).toEqual([])
  })
})

describe('connected resources: addresses', () => {
  it('are HTTPS on the public internet, whoever names them', async () => {
    const guarded = await startConnectingApp({ dangerouslyAllowPrivateNetwork: false })
    const browser = await guarded.logIn('anna')
    const refused = [
      honest.address,
      honest.address.replace('http:', 'https:'),
      'https://localhost/api',
      'https://169.254.169.254/latest/meta-data',
      'https://[::ffff:127.0.0.1]/',
      'https://anna:secret@example.com/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'not an address',
    ]
    for (const address of refused) {
      const page = await guarded.ask(browser, address)
      expect([address, page.status]).toEqual([address, 422])
    }
    expect(seenBy(honest)).toBe('')
    await guarded.close()
  })

  it('of private networks are allowed by an option alone, and never in production', () => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'production'
    try {
      expect(() =>
        connectResources({
          grants: new MemoryGrants(),
          callbackURL: 'https://your-app.com/connect/callback',
          client: { client_name: 'Your app' },
          dangerouslyAllowPrivateNetwork: true,
        }),
      ).toThrow(expect.objectContaining({ option: 'dangerouslyAllowPrivateNetwork' }))
    } finally {
      process.env['NODE_ENV'] = before
    }
  })

  it('are few for one person', async () => {
    const small = await startConnectingApp({ maximumPerAccount: 1 })
    const browser = await small.logIn('anna')
    await small.connect(browser, honest.address)
    expect((await small.ask(browser, hostile.address)).status).toBe(422)
    expect((await small.ask(browser, honest.address)).status).toBe(200)
    await small.close()
  })
})

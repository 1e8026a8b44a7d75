import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent } from 'undici'
import { AuthorizationCodeStrategy, discover, gitlab, keycloak } from '../../src/index.js'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { startApp } from '../support/app.js'
import type { TestApp } from '../support/app.js'
import { Browser } from '../support/http.js'
import { bodyOf } from '../support/login.js'

const NODE_ENV = process.env['NODE_ENV']
const running: { close(): Promise<void> }[] = []
afterEach(async () => {
  process.env['NODE_ENV'] = NODE_ENV
  for (const one of running.splice(0).toReversed()) await one.close()
})

/** In the network of the containers, every name is this machine. */
const containers = new Agent({
  connect: {
    lookup: (_host, _options, done) => {
      done(null, [{ address: '127.0.0.1', family: 4 }])
    },
  },
})

/** A provider whose container has a name, and its address by that name. */
async function startContainer(): Promise<{ provider: TestProvider; host: string }> {
  const provider = await startTestProvider()
  running.push(provider)
  return { provider, host: `keycloak:${new URL(provider.options.issuer).port}` }
}

const options = { clientID: 'a', clientSecret: 'b', callbackURL: 'https://app.example/callback' }

describe('dangerouslyAllowHttp', () => {
  it('lets a provider in another container be used by plain HTTP, from the first token to the API', async () => {
    const { provider, host } = await startContainer()
    const inside = (url: string): string => url.replace(/127\.0\.0\.1:\d+/, host)
    const { authorizationURL, issuer, tokenURL, profileURL, jwksURL, ...client } = provider.options
    const app = await startApp({
      strategy: {
        ...client,
        authorizationURL,
        issuer,
        endSessionURL: undefined,
        revocationURL: inside(client.revocationURL),
        tokenURL: inside(tokenURL),
        profileURL: inside(profileURL),
        jwksURL: inside(jwksURL),
        scope: 'openid',
        dispatcher: containers,
        dangerouslyAllowHttp: [host.toUpperCase()],
      },
      routes: (one, strategy) => {
        one.get('/api', (req, res, next) => {
          strategy
            .fetch(req, inside(profileURL))
            .then((answer) => res.sendStatus(answer.status), next)
        })
      },
    })
    running.push(app)
    const browser = new Browser()
    expect(bodyOf(await browser.follow(`${app.loginURL}?return_to=/private`))).toMatchObject({
      user: { id: 'ada' },
    })
    expect((await browser.visit(`${app.origin}/api`)).status).toBe(200)
  })

  it('is passed on by discover and by the presets of providers that anybody can run', async () => {
    const { host } = await startContainer()
    const dangerouslyAllowHttp = [host]
    // The metadata names another issuer: it is the request that may be sent.
    await expect(
      discover(`http://${host}`, { dispatcher: containers, dangerouslyAllowHttp }),
    ).rejects.toThrow(/names the issuer|another issuer/)
    for (const preset of [
      keycloak(`http://${host}/realms/a`, { dangerouslyAllowHttp }),
      gitlab(`http://${host}`, { dangerouslyAllowHttp }),
    ]) {
      expect(new AuthorizationCodeStrategy({ ...preset, ...options }).name).toContain('keycloak')
    }
  })

  it.each([
    ['another port', 'keycloak:8081'],
    ['another host', 'keycloak.evil.example:8080'],
    ['no port', 'keycloak'],
  ])('allows only the hosts that it names: %s [plain-http-1]', async (_what, named) => {
    const given = { dangerouslyAllowHttp: [named] }
    const message = /HTTPS/
    const tokenURL = 'http://keycloak:8080/token'
    expect(
      () =>
        new AuthorizationCodeStrategy({
          ...options,
          ...given,
          authorizationURL: tokenURL,
          tokenURL,
        }),
    ).toThrow(message)
    expect(() => keycloak('http://keycloak:8080/realms/a', given)).toThrow(message)
    await expect(discover('http://keycloak:8080', given)).rejects.toThrow(message)
  })

  it('is advised where it would help', () => {
    const tokenURL = 'http://keycloak:8080/token'
    expect(
      () => new AuthorizationCodeStrategy({ ...options, authorizationURL: tokenURL, tokenURL }),
    ).toThrow("For development, dangerouslyAllowHttp: ['keycloak:8080'] permits it.")
  })

  it('is refused in production [plain-http-2]', () => {
    process.env['NODE_ENV'] = 'production'
    const endpoints = { authorizationURL: 'https://a.example', tokenURL: 'https://a.example/token' }
    const message = 'dangerouslyAllowHttp is refused in production'
    const given = { dangerouslyAllowHttp: ['keycloak:8080'] }
    expect(() => new AuthorizationCodeStrategy({ ...options, ...endpoints, ...given })).toThrow(
      message,
    )
    expect(() => keycloak('http://keycloak:8080/realms/a', given)).toThrow(message)
  })

  it.each([
    [['http://keycloak:8080']],
    [['*']],
    ['keycloak:8080'],
    [['keycloak:8080/path']],
    [[7]],
  ])('is refused if it is %j', (dangerouslyAllowHttp) => {
    const endpoints = { authorizationURL: 'https://a.example', tokenURL: 'https://a.example/token' }
    const given = { ...options, ...endpoints, dangerouslyAllowHttp } as never
    expect(() => new AuthorizationCodeStrategy(given)).toThrow('must be a list of hosts')
  })

  it('does not let an API be called by plain HTTP that it does not name', async () => {
    const { host } = await startContainer()
    const app: TestApp = await startApp({
      strategy: { ...(await startContainer()).provider.options, dangerouslyAllowHttp: [host] },
      routes: (one, strategy) => {
        one.get('/api', (req, res, next) => {
          strategy
            .fetch(req, 'http://other:8080/')
            .then((answer) => res.sendStatus(answer.status), next)
        })
      },
    })
    running.push(app)
    const browser = new Browser()
    await browser.follow(app.loginURL)
    await browser.visit(`${app.origin}/api`)
    expect(String(app.errors[0])).toContain('Refused to send a request to http://other:8080')
  })
})

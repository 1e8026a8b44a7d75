import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { decodeProtectedHeader, exportJWK, jwtVerify, SignJWT } from 'jose'
import { keycloak } from '../../../src/index.js'
import type { GuideApp } from '../../support/guide-app.js'
import { Browser } from '../../support/http.js'
import { takeRsaKeyPair } from '../../support/keys.js'
import type { CaughtRequest } from '../../support/providers-elsewhere.js'
import { setRecipeScene } from '../../support/recipe-scene.js'
import { beginLogin } from '../../support/recipe.js'

jest.setTimeout(60_000)

const REALM = 'https://login.example.com/realms/demo'
const AT = keycloak(REALM)
const PAR = `${REALM}/protocol/openid-connect/ext/par/request`

/** As Keycloak publishes it. */
const METADATA = {
  authorization_endpoint: AT.authorizationURL,
  authorization_response_iss_parameter_supported: true,
  code_challenge_methods_supported: ['plain', 'S256'],
  dpop_signing_alg_values_supported: ['PS256', 'ES256'],
  end_session_endpoint: AT.endSessionURL,
  issuer: REALM,
  jwks_uri: AT.jwksURL,
  pushed_authorization_request_endpoint: PAR,
  require_pushed_authorization_requests: false,
  response_types_supported: ['code'],
  revocation_endpoint: AT.revocationURL,
  subject_types_supported: ['public', 'pairwise'],
  token_endpoint: AT.tokenURL,
  token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic'],
  token_endpoint_auth_signing_alg_values_supported: ['PS256', 'RS256', 'ES256'],
  userinfo_endpoint: AT.profileURL,
}

/** The rest of an app around the strategy of the page. */
const APP = `
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { authRouter, requireLogin } from 'passport-authorization-code'

const app = express()
app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.use('/auth', authRouter(strategy))
app.get('/me', requireLogin({ loginPath: '/auth/login', strategy }), (req, res) => res.json(req.user))
app.listen(process.env.PORT, () => console.log('Open ' + process.env.APP_URL))
`

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

describe('the recipe for Keycloak with a FAPI 2.0 client policy', () => {
  const scene = setRecipeScene()
  const client = takeRsaKeyPair()
  const server = takeRsaKeyPair()
  const dpop = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  let app: GuideApp
  let browser: Browser
  let nonce: string | undefined
  /** With which algorithm Keycloak signs. */
  let algorithm: string

  const sign = (claims: Record<string, unknown>): Promise<string> =>
    new SignJWT({ iss: REALM, aud: 'your-app', sub: 'ada', ...claims })
      .setProtectedHeader({ alg: algorithm, kid: 'k' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(server.privateKey)

  beforeAll(async () => {
    const path = `GET ${REALM}/.well-known/openid-configuration`
    scene.elsewhere.answers = { [path]: () => ({ body: METADATA }) }
    const environment = {
      KEYCLOAK_CLIENT_ID: 'your-app',
      KEYCLOAK_DPOP_KEY: pem(dpop.privateKey),
      KEYCLOAK_KEY: pem(client.privateKey),
      KEYCLOAK_REALM: REALM,
    }
    app = await scene.start(
      'keycloak',
      environment,
      (code) => code + APP,
      (code) => code.includes('dpopKey'),
    )
  })

  beforeEach(async () => {
    browser = new Browser()
    nonce = undefined
    algorithm = 'PS256'
    const key = { ...(await exportJWK(server.publicKey)), kid: 'k', use: 'sig' }
    scene.elsewhere.answers = {
      [`GET ${AT.jwksURL}`]: () => ({ body: { keys: [key] } }),
      [`POST ${PAR}`]: ({ form }) => {
        nonce = form['nonce']
        return { status: 201, body: { request_uri: 'urn:request:1', expires_in: 60 } }
      },
      [`POST ${AT.tokenURL}`]: async ({ headers }) =>
        headers['dpop'] === undefined
          ? { status: 400, body: { error: 'invalid_dpop_proof' } }
          : {
              body: {
                access_token: 'bound-1',
                expires_in: 300,
                id_token: await sign({ nonce }),
                refresh_token: 'refresh-1',
                token_type: 'DPoP',
              },
            },
      [`GET ${AT.profileURL}`]: async ({ headers }) =>
        headers['authorization'] === 'DPoP bound-1'
          ? { body: await sign({ name: 'Ada Lovelace' }) }
          : { status: 401 },
    }
  })

  async function logIn() {
    const login = await beginLogin(browser, `${app.url}/me`)
    const [pushed] = scene.requestsTo(`POST ${PAR}`)
    const state = pushed?.form['state'] ?? ''
    const query = new URLSearchParams({ code: 'a-code', iss: REALM, state })
    const callback = `${app.url}/auth/callback?${query.toString()}`
    return { ...login, pushed, shown: await browser.follow(callback) }
  }

  /** Verifies the assertion of a request, as the policy does. */
  async function assertionIn(request: CaughtRequest | undefined): Promise<object> {
    const assertion = request?.form['client_assertion'] ?? ''
    const { payload } = await jwtVerify(assertion, client.publicKey, { algorithms: ['PS256'] })
    return payload
  }

  it('pushes the request, proves both keys, and takes UserInfo as a JWT', async () => {
    const { asked, pushed, shown } = await logIn()
    expect(asked).toEqual({ client_id: 'your-app', request_uri: 'urn:request:1' })
    expect(pushed?.form).toMatchObject({
      code_challenge_method: 'S256',
      redirect_uri: `${app.url}/auth/callback`,
      scope: 'openid profile email',
    })
    const [exchange] = scene.requestsTo(`POST ${AT.tokenURL}`)
    for (const request of [pushed, exchange]) {
      expect(request?.form['client_secret']).toBeUndefined()
      expect(await assertionIn(request)).toMatchObject({ iss: 'your-app', sub: 'your-app' })
    }
    expect(decodeProtectedHeader(String(exchange?.headers['dpop']))).toMatchObject({
      alg: 'ES256',
      typ: 'dpop+jwt',
    })
    expect(JSON.parse(shown.text)).toMatchObject({
      provider: 'keycloak',
      id: 'ada',
      profile: { displayName: 'Ada Lovelace' },
    })
  })

  it('publishes the key of the assertions where Keycloak reads it', async () => {
    const published = JSON.parse((await browser.visit(`${app.url}/auth/jwks.json`)).text) as {
      readonly keys: readonly object[]
    }
    const { n } = await exportJWK(client.publicKey)
    expect(published.keys).toEqual([expect.objectContaining({ n })])
  })

  it('accepts nothing that is signed with RS256, as before the policy', async () => {
    algorithm = 'RS256'
    expect((await logIn()).shown.status).toBe(502)
  })
})

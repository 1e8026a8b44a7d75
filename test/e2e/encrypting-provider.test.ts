import '../support/own-realm.js'
import { afterEach, describe, expect, it } from '@jest/globals'
import { decodeProtectedHeader } from 'jose'
import { createDecryption } from '../../src/client/decryption-keys.js'
import { discover } from '../../src/index.js'
import { startApp } from '../support/app.js'
import { createEncryptionKey } from '../support/encryption.js'
import { logInByForms } from '../support/example-app.js'
import { Browser, listen } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { startOpenIdServer } from '../support/openid-server.js'
import { renewedToken } from '../support/renewed-token.js'

const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close()
})

/**
 * Starts oidc-provider, and an application whose keys it loads from `/auth/jwks.json`. It signs and encrypts everything
 * for this client that it can.
 */
async function start(alg: 'RSA-OAEP-256' | 'ECDH-ES', enc: 'A128CBC-HS256' | 'A256GCM') {
  const key = await createEncryptionKey(alg, 'client-enc-1')
  // The provider wants to know the callback before the application has a port.
  const behind = { origin: '' }
  const front = await listen((req, res) => {
    res.writeHead(307, { location: `${behind.origin}${req.url ?? ''}` }).end()
  })
  const callbackURL = `${front.origin}/auth/callback`
  const server = await startOpenIdServer(callbackURL, {
    jwks: await createDecryption(key.jwk).publicKeys(),
    id_token_encrypted_response_alg: alg,
    id_token_encrypted_response_enc: enc,
    userinfo_signed_response_alg: 'RS256',
    userinfo_encrypted_response_alg: alg,
    userinfo_encrypted_response_enc: enc,
  })
  const { clientID, clientSecret, origin } = server
  const app = await startApp({
    strategy: {
      ...(await discover(origin)),
      ...{ clientID, clientSecret, callbackURL, scope: 'openid profile' },
      decryptionKeys: key.jwk,
      encryptedResponses: ['id_token', 'userinfo'],
    },
    routes: (routes, strategy) => {
      routes.get('/renew', (req, res, next) => {
        renewedToken(strategy, req).then((token) => res.json({ token }), next)
      })
    },
  })
  behind.origin = app.origin
  closing.push(app, server, front)
  return { app, key, server }
}

describe('oidc-provider, which encrypts ID tokens and UserInfo,', () => {
  it.each<Parameters<typeof start>>([
    ['RSA-OAEP-256', 'A128CBC-HS256'],
    ['RSA-OAEP-256', 'A256GCM'],
    ['ECDH-ES', 'A128CBC-HS256'],
    ['ECDH-ES', 'A256GCM'],
  ])('by %s with %s, logs a person in and renews', async (...given) => {
    const { app, key, server } = await start(...given)
    const browser = new Browser()
    await logInByForms(browser, app.loginURL)
    expect(app.errors).toEqual([])
    const { user } = bodyOf(await browser.visit(`${app.origin}/private`)) as {
      user: { id: string; profile: { displayName: string } }
    }
    expect(user.profile.displayName).toBe(user.id)

    expect((await browser.visit(`${app.origin}/renew`)).status).toBe(200)
    expect(server.tokenRequests).toEqual(['authorization_code', 'refresh_token'])
    const { tokens } = bodyOf(await browser.visit(`${app.origin}/tokens`)) as {
      tokens: { idToken: string }
    }
    expect(decodeProtectedHeader(tokens.idToken)).toMatchObject({ alg: 'RS256' })

    const published = bodyOf(await browser.visit(`${app.origin}/auth/jwks.json`))
    const [alg] = given
    expect(published).toMatchObject({ keys: [{ kid: key.jwk.kid, use: 'enc', alg }] })
  })
})

import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { importPKCS8, SignJWT } from 'jose'
import '../support/own-realm.js'
import type { TokenRequest } from '../../example-app/authorization-server.js'
import { startExampleApp } from '../../example-app/server.js'
import type { ExampleApp } from '../../example-app/server.js'
import { logInByForms } from '../support/example-app.js'
import { Browser } from '../support/http.js'
import { until } from '../support/until.js'

describe('a logout in the example app', () => {
  let app: ExampleApp
  const revocations: TokenRequest[] = []

  beforeEach(async () => {
    revocations.length = 0
    app = await startExampleApp({
      authorizationServer: { onRevocation: (request) => revocations.push(request) },
    })
  })
  afterEach(() => app.close())

  it.each(['askara', 'jiko'] as const)('ends the grant at the stand-in for %s', async (tenant) => {
    const browser = new Browser()
    await logInByForms(browser, `${app.url}/auth/${tenant}/login`)

    await browser.post(`${app.url}/auth/${tenant}/logout`)

    // Nobody waits for it.
    await until(() => revocations.length > 0)
    expect(revocations).toMatchObject([
      { tenant, status: 200, parameters: { token_type_hint: 'refresh_token' } },
    ])
    const [revocation] = revocations
    const refreshToken = revocation?.parameters['token'] ?? ''
    expect(await refresh(tenant, refreshToken)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })

  /** Asks the stand-in for new tokens, as the app would. */
  async function refresh(tenant: 'askara' | 'jiko', refreshToken: string) {
    const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken }
    const { body, url } = await request[tenant](parameters)
    const answer = await fetch(url, { method: 'POST', body })
    return { status: answer.status, body: await answer.json() }
  }

  const request = {
    askara(parameters: Record<string, string>) {
      const { clientID, clientSecret, tokenURL } = tenants().askara
      const client = { client_id: clientID, client_secret: clientSecret }
      const text = JSON.stringify({ ...parameters, ...client })
      return Promise.resolve({
        url: tokenURL,
        body: new Blob([text], { type: 'application/json' }),
      })
    },
    async jiko(parameters: Record<string, string>) {
      const { clientID, keyId, privateKey, tokenURL } = tenants().jiko
      const assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'PS256', kid: keyId })
        .setIssuer(clientID)
        .setSubject(clientID)
        .setAudience(tokenURL)
        .setIssuedAt()
        .setExpirationTime('1m')
        .sign(await importPKCS8(privateKey, 'PS256'))
      const client = {
        client_id: clientID,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }
      return { url: tokenURL, body: new URLSearchParams({ ...parameters, ...client }) }
    },
  }

  function tenants() {
    if (app.authorizationServer === undefined) throw new Error('The app has no stand-ins.')
    return app.authorizationServer.tenants
  }
})

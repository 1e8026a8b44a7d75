import { expect, it } from '@jest/globals'
import type { DonorStrategy } from 'passport-authorization-code'
import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh, idToken } from '../support/token-endpoint.js'

const claims = {
  iss: 'https://example.auth0.com/',
  aud: 'AUTH0_CLIENT_ID',
  sub: '248289761001',
  name: 'Jane Josephine Doe',
}

type StrategyClass = new (...given: unknown[]) => DonorStrategy

/** The README's application. @param subclass what the application makes of the class, under the name of its strategy */
const application = (name: string, subclass: (type: StrategyClass) => StrategyClass) =>
  readmeApp({
    name,
    strategy: ({ load, origin, User }) => {
      const Auth0Strategy = subclass(load('passport-auth0') as StrategyClass)
      return new Auth0Strategy(
        {
          domain: 'example.auth0.com',
          clientID: 'AUTH0_CLIENT_ID',
          clientSecret: 'AUTH0_CLIENT_SECRET',
          callbackURL: `${origin}/callback`,
        },
        (
          _accessToken: string,
          _refreshToken: string,
          extraParams: { id_token: string },
          profile: { id: string },
          done: never,
        ) => {
          User.findOrCreate({ id: profile.id, hasIdToken: extraParams.id_token !== '' }, done)
        },
      )
    },
    paths: ['/login', '/callback'],
    login: {
      scope: 'openid email profile offline_access',
      connection: 'google-oauth2',
      audience: 'urn:my-api',
      prompt: 'login',
    },
  })

const rest: Omit<Parameters<typeof tryDonor>[1], 'application'> = {
  loginPath: '/login',
  callbackPath: '/callback',
  provider: {
    // https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow/add-login-auth-code-flow
    // https://auth0.com/docs/secure/tokens/refresh-tokens/use-refresh-tokens
    'POST https://example.auth0.com/oauth/token': codeOrRefresh(
      ({ nonce }) => ({
        access_token: 'eyJz93a...k4laUWw',
        refresh_token: 'GEbRxBN...edjnXbL',
        id_token: idToken({ ...claims, nonce }),
        token_type: 'Bearer',
        expires_in: 86400,
      }),
      {
        access_token: 'eyJ...MoQ',
        expires_in: 86400,
        scope: 'openid offline_access',
        id_token: idToken(claims),
        token_type: 'Bearer',
      },
    ),
    // https://auth0.com/docs/api/authentication/user-profile/get-user-info
    'GET https://example.auth0.com/userinfo': {
      sub: '248289761001',
      name: 'Jane Josephine Doe',
      given_name: 'Jane',
      family_name: 'Doe',
      email: 'janedoe@exampleco.com',
    },
  },
  authorization: {
    url: 'https://example.auth0.com/authorize',
    parameters: {
      scope: 'openid email profile offline_access',
      connection: 'google-oauth2',
      audience: 'urn:my-api',
      prompt: 'login',
    },
  },
  user: { id: '248289761001', hasIdToken: true },
  requests: [
    'POST https://example.auth0.com/oauth/token',
    'GET https://example.auth0.com/userinfo',
  ],
  accessToken: 'eyJz93a...k4laUWw',
  refresh: {
    seconds: 86400,
    accessToken: 'eyJ...MoQ',
    url: 'https://example.auth0.com/oauth/token',
  },
  further(scene) {
    it('refuses the ID token of another login, as its own authenticate would', async () => {
      const { logIn, errors, provider } = scene()
      provider.nonce = 'of another login'
      await logIn()
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_TOKEN_ENDPOINT' })])
    })
  },
}

tryDonor('passport-auth0', { ...rest, application: application('auth0', (type) => type) })

// Applications with two tenants give one of them another name.
tryDonor('passport-auth0', {
  ...rest,
  application: application(
    'auth0-admin',
    (type) =>
      class extends type {
        override name = 'auth0-admin'
      },
  ),
})

import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'
import { expect } from '@jest/globals'
tryDonor('@davidzemon/passport-okta-oauth', {
  application: readmeApp({
    name: 'okta',
    strategy: (given) => {
      const Strategy = given.load('@davidzemon/passport-okta-oauth').Strategy
      return new Strategy(
        {
          audience: 'https://example.okta.com',
          clientID: 'OKTA_CLIENTID',
          clientSecret: 'OKTA-CLIENT+SECRET',
          scope: ['openid', 'email', 'profile', 'offline_access'],
          response_type: 'code',
          callbackURL: `${given.origin}/auth/okta/callback`,
        },
        findUser(given),
      )
    },
  }),
  loginPath: '/auth/okta',
  callbackPath: '/auth/okta/callback',

  provider: {
    // https://developer.okta.com/docs/reference/api/oidc/#response-example-success-2
    'POST https://example.okta.com/oauth2/v1/token': codeOrRefresh(
      {
        access_token: 'eyJhbGciOiJSUzI1NiJ9.eyJ2ZXIiOjEsI.gB2EMYh',
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'openid email offline_access',
        refresh_token: 'a9VpZDRCeFh3Nkk2VdY',
        id_token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMHVpZ.lz1Ke',
      },
      {
        access_token: 'eyJhbGciOiJSUzI1NiJ9.eyJ2ZXIiOjEsI.gB2EMYi',
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'openid email offline_access',
        refresh_token: 'a9VpZDRCeFh3Nkk2VdZ',
      },
    ),
    // https://developer.okta.com/docs/reference/api/oidc/#userinfo
    'POST https://example.okta.com/oauth2/v1/userinfo': {
      sub: '00uid4BxXw6I6TV4m0g3',
      name: 'John Doe',
      preferred_username: 'john.doe@example.com',
      given_name: 'John',
      family_name: 'Doe',
      email: 'john.doe@example.com',
    },
  },
  authorization: {
    url: 'https://example.okta.com/oauth2/v1/authorize',
    parameters: { scope: 'openid email profile offline_access' },
  },
  user: {
    id: '00uid4BxXw6I6TV4m0g3',
    accessToken: 'eyJhbGciOiJSUzI1NiJ9.eyJ2ZXIiOjEsI.gB2EMYh',
    refreshToken: 'a9VpZDRCeFh3Nkk2VdY',
  },
  requests: [
    'POST https://example.okta.com/oauth2/v1/token',
    'POST https://example.okta.com/oauth2/v1/userinfo',
  ],
  check: ([exchange]) => {
    expect(exchange?.headers.authorization).toBe(
      `Basic ${Buffer.from('OKTA_CLIENTID:OKTA-CLIENT+SECRET').toString('base64')}`,
    )
  },
  accessToken: 'eyJhbGciOiJSUzI1NiJ9.eyJ2ZXIiOjEsI.gB2EMYh',
  refresh: {
    seconds: 3600,
    accessToken: 'eyJhbGciOiJSUzI1NiJ9.eyJ2ZXIiOjEsI.gB2EMYi',
    url: 'https://example.okta.com/oauth2/v1/token',
  },
})

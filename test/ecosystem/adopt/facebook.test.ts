import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'

import { expect, it } from '@jest/globals'
tryDonor('passport-facebook', {
  application: readmeApp({
    name: 'facebook',
    strategy: (given) => {
      const FacebookStrategy = given.load('passport-facebook')
      return new FacebookStrategy(
        {
          clientID: 'FACEBOOK_APP_ID',
          clientSecret: 'FACEBOOK_APP_SECRET',
          callbackURL: `${given.origin}/auth/facebook/callback`,
          profileFields: ['id', 'displayName', 'photos', 'email'],
          enableProof: true,
        },
        findUser(given),
      )
    },
    login: { scope: ['user_friends', 'manage_pages'], authType: 'reauthenticate' },
  }),
  loginPath: '/auth/facebook',
  callbackPath: '/auth/facebook/callback',
  // An empty fragment, in place of the #_=_ that Facebook appends.
  home: '/#',
  provider: {
    // https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow#exchangecode
    'POST https://graph.facebook.com/v3.2/oauth/access_token': ({ form }) =>
      form.get('code') === 'spent-code-1'
        ? {
            status: 400,
            // https://developers.facebook.com/docs/graph-api/guides/error-handling
            body: {
              error: {
                message: 'This authorization code has been used.',
                type: 'OAuthException',
                code: 100,
                error_subcode: 36009,
                fbtrace_id: 'EJplcsCHuLu',
              },
            },
          }
        : { access_token: 'EAACEdEose0cBA', token_type: 'bearer', expires_in: 5183944 },
    // https://developers.facebook.com/docs/graph-api/overview#me
    'GET https://graph.facebook.com/v3.2/me': { id: '10210199026347139', name: 'Your Name' },
  },
  authorization: {
    url: 'https://www.facebook.com/v3.2/dialog/oauth',
    parameters: { scope: 'user_friends,manage_pages', auth_type: 'reauthenticate' },
  },
  user: { id: '10210199026347139', accessToken: 'EAACEdEose0cBA' },
  requests: [
    'POST https://graph.facebook.com/v3.2/oauth/access_token',
    'GET https://graph.facebook.com/v3.2/me',
  ],
  check: ([, profile]) => {
    expect(profile?.query.get('fields')).toBe('id,name,picture,email')
    expect(profile?.query.get('appsecret_proof')).toMatch(/^[\da-f]{64}$/)
    expect(profile?.headers.authorization).toBe('Bearer EAACEdEose0cBA')
  },
  accessToken: 'EAACEdEose0cBA',
  further(scene) {
    it('reads the error of the token endpoint', async () => {
      const { logIn, errors } = scene()
      await logIn({ code: 'spent-code-1' })
      expect(errors).toEqual([
        expect.objectContaining({
          code: 'ERR_TOKEN_ENDPOINT',
          httpStatus: 400,
          errorDescription: 'This authorization code has been used. (OAuthException, 100)',
        }),
      ])
    })

    // https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow#nonjscancel
    it.each([
      [
        'the person cancels',
        {
          error: 'access_denied',
          error_reason: 'user_denied',
          error_description: 'The user denied your request.',
        },
        '/login#',
      ],
      [
        'the app is not active',
        {
          error_code: '1349126',
          error_message: 'App Not Setup: This app is still in development mode.',
        },
        undefined,
      ],
    ])('ends as documented if %s', async (_what, parameters, location) => {
      const { logIn, server, provider } = scene()
      const page = await logIn(parameters)
      expect(page.location).toBe(location && server.origin + location)
      expect(provider.requests).toEqual([])
    })
  },
})

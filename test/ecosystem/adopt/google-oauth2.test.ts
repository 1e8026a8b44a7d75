import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'
import type { Request } from 'express'
tryDonor('passport-google-oauth2', {
  application: readmeApp({
    name: 'google',
    strategy: (given) => {
      const Strategy = given.load('passport-google-oauth2').Strategy
      return new Strategy(
        {
          clientID: 'GOOGLE_ID',
          clientSecret: 'GOOGLE_SECRET',
          callbackURL: `${given.origin}/auth/google/callback`,
          passReqToCallback: true,
        },
        (
          request: Request,
          _accessToken: string,
          _refreshToken: string,
          profile: { id: string },
          done: never,
        ) => {
          given.User.findOrCreate({ googleId: profile.id, path: request.path }, done)
        },
      )
    },

    login: { scope: ['email', 'profile'] },
  }),
  loginPath: '/auth/google',
  callbackPath: '/auth/google/callback',
  loginQuery: '?login_hint=elisa%40example.com',

  provider: {
    // https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
    'POST https://www.googleapis.com/oauth2/v4/token': codeOrRefresh(
      {
        access_token: '1/fFAGRNJru1FTz70BzhT3Zg',
        expires_in: 3920,
        token_type: 'Bearer',
        scope: 'email profile',
        refresh_token: '1//xEoDL4iW3cxlI7yDbSRFYNG01kVKM2C-259HOF2aQbI',
      },
      {
        access_token: '1/fFAGRNJru1FTz70BzhT3Zg-2',
        expires_in: 3920,
        scope: 'email profile',
        token_type: 'Bearer',
      },
    ),
    // https://developers.google.com/identity/openid-connect/openid-connect#obtaininguserprofileinformation
    'GET https://www.googleapis.com/oauth2/v3/userinfo': {
      sub: '110248495921238986420',
      name: 'Elisa Beckett',
      given_name: 'Elisa',
      family_name: 'Beckett',
      email: 'elisa@example.com',
      email_verified: true,
    },
  },
  authorization: {
    url: 'https://accounts.google.com/o/oauth2/v2/auth',
    parameters: { scope: 'email profile', login_hint: 'elisa@example.com' },
  },
  user: { googleId: '110248495921238986420', path: '/auth/google/callback' },
  requests: [
    'POST https://www.googleapis.com/oauth2/v4/token',
    'GET https://www.googleapis.com/oauth2/v3/userinfo',
  ],

  accessToken: '1/fFAGRNJru1FTz70BzhT3Zg',
  refresh: {
    seconds: 3920,
    accessToken: '1/fFAGRNJru1FTz70BzhT3Zg-2',
    url: 'https://www.googleapis.com/oauth2/v4/token',
  },
})

import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-google-oauth20', {
  application: readmeApp({
    name: 'google',
    strategy: (given) => {
      const GoogleStrategy = given.load('passport-google-oauth20').Strategy
      return new GoogleStrategy(
        {
          clientID: 'GOOGLE_CLIENT_ID',
          clientSecret: 'GOOGLE_CLIENT_SECRET',
          callbackURL: `${given.origin}/auth/google/callback`,
        },
        findUser(given),
      )
    },
    login: { scope: ['profile'], accessType: 'offline' },
  }),
  loginPath: '/auth/google',
  callbackPath: '/auth/google/callback',
  provider: {
    // https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
    // https://developers.google.com/identity/protocols/oauth2/web-server#offline
    'POST https://www.googleapis.com/oauth2/v4/token': codeOrRefresh(
      {
        access_token: '1/fFAGRNJru1FTz70BzhT3Zg',
        expires_in: 3920,
        token_type: 'Bearer',
        scope: 'https://www.googleapis.com/auth/userinfo.profile',
        refresh_token: '1//xEoDL4iW3cxlI7yDbSRFYNG01kVKM2C-259HOF2aQbI',
      },
      {
        access_token: '1/fFAGRNJru1FTz70BzhT3Zg-2',
        expires_in: 3920,
        scope: 'https://www.googleapis.com/auth/userinfo.profile',
        token_type: 'Bearer',
      },
    ),
    // https://developers.google.com/identity/openid-connect/openid-connect#obtaininguserprofileinformation
    'GET https://www.googleapis.com/oauth2/v3/userinfo': {
      sub: '110248495921238986420',
      name: 'Elisa Beckett',
      given_name: 'Elisa',
      family_name: 'Beckett',
      picture: 'https://lh3.googleusercontent.com/a/photo.jpg',
    },
  },
  authorization: {
    url: 'https://accounts.google.com/o/oauth2/v2/auth',
    parameters: { scope: 'profile', access_type: 'offline', client_id: 'GOOGLE_CLIENT_ID' },
  },
  user: {
    id: '110248495921238986420',
    accessToken: '1/fFAGRNJru1FTz70BzhT3Zg',
    refreshToken: '1//xEoDL4iW3cxlI7yDbSRFYNG01kVKM2C-259HOF2aQbI',
  },
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

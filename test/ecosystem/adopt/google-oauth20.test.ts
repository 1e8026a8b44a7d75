import { tryDonor } from '../support/donor-test.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

const TOKEN = 'https://www.googleapis.com/oauth2/v4/token'
const USERINFO = 'https://www.googleapis.com/oauth2/v3/userinfo'

tryDonor('passport-google-oauth20', {
  application({ app, passport, origin, load, adopt, User }) {
    const GoogleStrategy = load('passport-google-oauth20').Strategy
    const strategy = adopt(
      new GoogleStrategy(
        {
          clientID: 'GOOGLE_CLIENT_ID',
          clientSecret: 'GOOGLE_CLIENT_SECRET',
          callbackURL: `${origin}/auth/google/callback`,
        },
        (
          accessToken: string,
          refreshToken: string,
          profile: { id: string; displayName: string },
          cb: never,
        ) => {
          User.findOrCreate(
            { googleId: profile.id, name: profile.displayName, accessToken, refreshToken },
            cb,
          )
        },
      ),
    )
    passport.use(strategy)
    app.get(
      '/auth/google',
      passport.authenticate('google', { scope: ['profile'], accessType: 'offline' } as object),
    )
    app.get(
      '/auth/google/callback',
      passport.authenticate('google', { failureRedirect: '/login' }),
      (_req, res) => res.redirect('/'),
    )
    return strategy
  },
  loginPath: '/auth/google',
  callbackPath: '/auth/google/callback',
  provider: {
    // https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
    // https://developers.google.com/identity/protocols/oauth2/web-server#offline
    [`POST ${TOKEN}`]: codeOrRefresh(
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
    [`GET ${USERINFO}`]: {
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
    googleId: '110248495921238986420',
    name: 'Elisa Beckett',
    accessToken: '1/fFAGRNJru1FTz70BzhT3Zg',
    refreshToken: '1//xEoDL4iW3cxlI7yDbSRFYNG01kVKM2C-259HOF2aQbI',
  },
  requests: [`POST ${TOKEN}`, `GET ${USERINFO}`],
  accessToken: '1/fFAGRNJru1FTz70BzhT3Zg',
  refresh: { seconds: 3920, accessToken: '1/fFAGRNJru1FTz70BzhT3Zg-2', url: TOKEN },
})

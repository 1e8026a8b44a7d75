import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

const DOMAIN = 'https://mydomain.auth.us-east-1.amazoncognito.com'

tryDonor('cognito-passport-oauth2', {
  application: readmeApp({
    name: 'cognito',
    strategy: ({ load, origin, provider, User }) => {
      // The strategy has a client of AWS's own, which goes by this variable.
      process.env['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER'] = provider.origin
      const CognitoOAuth2Strategy = load('cognito-passport-oauth2')
      return new CognitoOAuth2Strategy(
        {
          callbackURL: `${origin}/auth/callback`,
          clientDomain: DOMAIN,
          clientID: 'djc98u3jiedmi283eu928',
          clientSecret: 'abcdef01234567890',
          region: 'us-east-1',
          passReqToCallback: true,
        },
        (
          req: { path: string },
          _accessToken: string,
          _refreshToken: string,
          profile: { Username: string },
          done: never,
        ) => {
          User.findOrCreate({ name: profile.Username, path: req.path }, done)
        },
        { identity_provider: 'Google' },
      )
    },
    adopt: () => ({ name: 'cognito' }),
    paths: ['/auth/login', '/auth/callback'],
  }),
  loginPath: '/auth/login',
  callbackPath: '/auth/callback',
  provider: {
    // https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
    [`POST ${DOMAIN}/oauth2/token`]: codeOrRefresh(
      {
        access_token: 'eyJra1example',
        id_token: 'eyJra2example',
        refresh_token: 'eyJj3example',
        token_type: 'Bearer',
        expires_in: 3600,
      },
      {
        access_token: 'eyJra4example',
        id_token: 'eyJra5example',
        token_type: 'Bearer',
        expires_in: 3600,
      },
    ),
    // https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html
    'POST http://127.0.0.1/': {
      Username: 'testuser',
      UserAttributes: [{ Name: 'sub', Value: 'eae11111-0000-1111-2222-333333333333' }],
    },
  },
  authorization: {
    url: `${DOMAIN}/oauth2/authorize`,
    parameters: { identity_provider: 'Google' },
  },
  user: { name: 'testuser', path: '/auth/callback' },
  requests: [`POST ${DOMAIN}/oauth2/token`, 'POST http://127.0.0.1/'],
  accessToken: 'eyJra1example',
  refresh: { seconds: 3600, accessToken: 'eyJra4example', url: `${DOMAIN}/oauth2/token` },
})

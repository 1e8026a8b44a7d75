import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-42', {
  application: readmeApp({
    name: '42',
    strategy: (given) => {
      const Strategy = given.load('passport-42').Strategy
      return new Strategy(
        {
          clientID: '42_ID',
          clientSecret: '42_SECRET',
          callbackURL: `${given.origin}/auth/42/callback`,
        },
        findUser(given),
      )
    },
  }),
  loginPath: '/auth/42',
  callbackPath: '/auth/42/callback',

  provider: {
    // https://api.intra.42.fr/apidoc/guides/web_application_flow
    'POST https://api.intra.42.fr/oauth/token': codeOrRefresh(
      {
        access_token: '42804d1f2480c240f94d8f24b45b318e4bf42e742f0c06a42c6f4242787af42d',
        token_type: 'bearer',
        expires_in: 7200,
        refresh_token: 'c0c0a1',
        scope: 'public',
        created_at: 1443451918,
      },
      {
        access_token: '42804d1f2480c240f94d8f24b45b318e4bf42e742f0c06a42c6f4242787af42e',
        token_type: 'bearer',
        expires_in: 7200,
        refresh_token: 'c0c0a2',
        scope: 'public',
        created_at: 1443459118,
      },
    ),
    // https://api.intra.42.fr/apidoc/2.0/users/me.html
    'GET https://api.intra.42.fr/v2/me': {
      id: 2,
      email: 'andre@42.fr',
      login: 'andre',
      first_name: 'André',
      last_name: 'Aubin',
      url: 'https://api.intra.42.fr/v2/users/andre',
      phone: null,
      displayname: 'André Aubin',
    },
  },
  authorization: {
    url: 'https://api.intra.42.fr/oauth/authorize',
    parameters: { client_id: '42_ID' },
  },
  user: {
    id: '2',
    accessToken: '42804d1f2480c240f94d8f24b45b318e4bf42e742f0c06a42c6f4242787af42d',
    refreshToken: 'c0c0a1',
  },
  requests: ['POST https://api.intra.42.fr/oauth/token', 'GET https://api.intra.42.fr/v2/me'],

  accessToken: '42804d1f2480c240f94d8f24b45b318e4bf42e742f0c06a42c6f4242787af42d',
  refresh: {
    seconds: 7200,
    accessToken: '42804d1f2480c240f94d8f24b45b318e4bf42e742f0c06a42c6f4242787af42e',
    url: 'https://api.intra.42.fr/oauth/token',
  },
})

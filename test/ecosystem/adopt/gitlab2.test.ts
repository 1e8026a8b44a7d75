import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-gitlab2', {
  application: readmeApp({
    name: 'gitlab',
    strategy: (given) => {
      const Strategy = given.load('passport-gitlab2').Strategy
      return new Strategy(
        {
          clientID: 'GITLAB_ID',
          clientSecret: 'GITLAB_SECRET',
          callbackURL: `${given.origin}/auth/gitlab/callback`,
        },
        findUser(given),
      )
    },

    login: { scope: ['api'] },
  }),
  loginPath: '/auth/gitlab',
  callbackPath: '/auth/gitlab/callback',

  provider: {
    // https://docs.gitlab.com/api/oauth2/#authorization-code-flow
    'POST https://gitlab.com/oauth/token': codeOrRefresh(
      {
        access_token: 'de6780bc506a0446309bd9362820ba8aed28aa506c71eedbe1c5c4f9dd350e54',
        token_type: 'bearer',
        expires_in: 7200,
        refresh_token: '8257e65c97202ed1726cf9571600918f3bffb2544b26e00a61df9897668c33a1',
        created_at: 1607635748,
      },
      {
        access_token: 'c97d1fe52119f38c7f67f0a14db68d60caa35ddc86fd12401718b649dcfa9c68',
        token_type: 'bearer',
        expires_in: 7200,
        refresh_token: '803c1fd487fec35562c205dac93e9d8e08f9d3652a24079d704df3039df1158f',
        created_at: 1628711391,
      },
    ),
    // https://docs.gitlab.com/api/users/#get-the-current-user
    'GET https://gitlab.com/api/v4/user': {
      id: 1,
      username: 'john_smith',
      email: 'john@example.com',
      name: 'John Smith',
      state: 'active',
      avatar_url: 'http://localhost:3000/index.jpg',
      web_url: 'http://localhost:3000/john_smith',
    },
  },
  authorization: { url: 'https://gitlab.com/oauth/authorize', parameters: { scope: 'api' } },
  user: {
    id: '1',
    accessToken: 'de6780bc506a0446309bd9362820ba8aed28aa506c71eedbe1c5c4f9dd350e54',
    refreshToken: '8257e65c97202ed1726cf9571600918f3bffb2544b26e00a61df9897668c33a1',
  },
  requests: ['POST https://gitlab.com/oauth/token', 'GET https://gitlab.com/api/v4/user'],

  accessToken: 'de6780bc506a0446309bd9362820ba8aed28aa506c71eedbe1c5c4f9dd350e54',
  refresh: {
    seconds: 7200,
    accessToken: 'c97d1fe52119f38c7f67f0a14db68d60caa35ddc86fd12401718b649dcfa9c68',
    url: 'https://gitlab.com/oauth/token',
  },
})

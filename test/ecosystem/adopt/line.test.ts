import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-line', {
  application: readmeApp({
    name: 'line',
    strategy: (given) => {
      const Strategy = given.load('passport-line').Strategy
      return new Strategy(
        {
          channelID: 'LINE_CHANNEL_ID',
          channelSecret: 'LINE_CHANNEL_SECRET',
          callbackURL: `${given.origin}/auth/line/callback`,
          scope: ['profile', 'openid'],
          botPrompt: 'normal',
        },
        findUser(given),
      )
    },
  }),
  loginPath: '/auth/line',
  callbackPath: '/auth/line/callback',

  provider: {
    // https://developers.line.biz/en/reference/line-login/#issue-access-token and #refresh-access-token
    'POST https://api.line.me/oauth2/v2.1/token': codeOrRefresh(
      {
        access_token: 'bNl4YEFPI/hjFWhTqexp4MuEw5YPs',
        expires_in: 2592000,
        id_token: 'eyJhbGciOiJIUzI1NiJ9.e30.sig',
        refresh_token: 'Aa1FdeggRhTnPNNpxr8p',
        scope: 'profile',
        token_type: 'Bearer',
      },
      {
        token_type: 'Bearer',
        scope: 'profile',
        access_token: 'bNl4YEFPI/hjFWhTqexp4MuEw',
        expires_in: 2592000,
        refresh_token: '8iFFRdyxNVNLWYeteMMJ',
      },
    ),
    // https://developers.line.biz/en/reference/line-login/#get-user-profile
    'GET https://api.line.me/v2/profile': {
      userId: 'U4af4980629',
      displayName: 'Brown',
      pictureUrl: 'https://profile.line-scdn.net/abcdefghijklmn',
      statusMessage: 'Hello, LINE!',
    },
  },
  authorization: {
    url: 'https://access.line.me/oauth2/v2.1/authorize',
    parameters: { client_id: 'LINE_CHANNEL_ID', scope: 'profile openid' },
  },
  user: {
    id: 'U4af4980629',
    accessToken: 'bNl4YEFPI/hjFWhTqexp4MuEw5YPs',
    refreshToken: 'Aa1FdeggRhTnPNNpxr8p',
  },
  requests: ['POST https://api.line.me/oauth2/v2.1/token', 'GET https://api.line.me/v2/profile'],

  accessToken: 'bNl4YEFPI/hjFWhTqexp4MuEw5YPs',
  refresh: {
    seconds: 2592000,
    accessToken: 'bNl4YEFPI/hjFWhTqexp4MuEw',
    url: 'https://api.line.me/oauth2/v2.1/token',
  },
})

import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-twitch-strategy', {
  application: readmeApp({
    name: 'twitch',
    strategy: (given) => {
      const Strategy = given.load('passport-twitch-strategy').Strategy
      return new Strategy(
        {
          clientID: 'TWITCH_ID',
          clientSecret: 'TWITCH_SECRET',
          callbackURL: `${given.origin}/auth/twitch/callback`,
          scope: 'user:read:email',
          state: true,
        },
        findUser(given),
      )
    },

    login: { forceVerify: true },
  }),
  loginPath: '/auth/twitch',
  callbackPath: '/auth/twitch/callback',

  provider: {
    // https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#authorization-code-grant-flow and https://dev.twitch.tv/docs/authentication/refresh-tokens/
    'POST https://id.twitch.tv/oauth2/token': codeOrRefresh(
      {
        access_token: 'rfx2uswqe8l4g1mkagrvg5tv0ks3',
        expires_in: 14124,
        refresh_token: '5b93chm6hdve3mycz05zfzatkfdenfspp1h1ar2xxdalen01',
        scope: ['user:read:email'],
        token_type: 'bearer',
      },
      {
        access_token: '1ssjqsqfy6bads1ws7m03gras79zfr',
        refresh_token: 'eyJfMzUtNDU0OC4MWYwLTQ5MDY5ODY4NGNlMSJ9%asdfasdf=',
        expires_in: 14124,
        scope: ['user:read:email'],
        token_type: 'bearer',
      },
    ),
    // https://dev.twitch.tv/docs/api/reference/#get-users
    'GET https://api.twitch.tv/helix/users': {
      data: [
        {
          id: '141981764',
          login: 'twitchdev',
          display_name: 'TwitchDev',
          type: '',
          broadcaster_type: 'partner',
        },
      ],
    },
  },
  authorization: {
    url: 'https://id.twitch.tv/oauth2/authorize',
    parameters: { scope: 'user:read:email', force_verify: 'true' },
  },
  user: {
    id: '141981764',
    accessToken: 'rfx2uswqe8l4g1mkagrvg5tv0ks3',
    refreshToken: '5b93chm6hdve3mycz05zfzatkfdenfspp1h1ar2xxdalen01',
  },
  requests: ['POST https://id.twitch.tv/oauth2/token', 'GET https://api.twitch.tv/helix/users'],

  accessToken: 'rfx2uswqe8l4g1mkagrvg5tv0ks3',
  refresh: {
    seconds: 14124,
    accessToken: '1ssjqsqfy6bads1ws7m03gras79zfr',
    url: 'https://id.twitch.tv/oauth2/token',
  },
})

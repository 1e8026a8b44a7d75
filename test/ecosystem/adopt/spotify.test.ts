import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-spotify', {
  application: readmeApp({
    name: 'spotify',
    strategy: (given) => {
      const Strategy = given.load('passport-spotify').Strategy
      return new Strategy(
        {
          clientID: 'SPOTIFY_ID',
          clientSecret: 'SPOTIFY_SECRET',
          callbackURL: `${given.origin}/auth/spotify/callback`,
        },
        (
          _accessToken: string,
          _refreshToken: string,
          expires_in: number,
          profile: { id: string },
          done: never,
        ) => {
          given.User.findOrCreate({ spotifyId: profile.id, expires_in }, done)
        },
      )
    },

    login: { scope: ['user-read-email', 'user-read-private'], showDialog: true },
  }),
  loginPath: '/auth/spotify',
  callbackPath: '/auth/spotify/callback',

  provider: {
    // https://developer.spotify.com/documentation/web-api/tutorials/code-flow#request-an-access-token and https://developer.spotify.com/documentation/web-api/tutorials/refreshing-tokens
    'POST https://accounts.spotify.com/api/token': codeOrRefresh(
      {
        access_token: 'NgCXRK...MzYjw',
        token_type: 'Bearer',
        scope: 'user-read-private user-read-email',
        expires_in: 3600,
        refresh_token: 'NgAagA...Um_SHo',
      },
      {
        access_token: 'BQBLuPRYBQ...BP8stIv5xr-Iwaf4l8eg',
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: 'AQAQfyEFmJJuCvAFh...cG_m-2KTgNDaDMQqjrOa3',
        scope: 'user-read-email user-read-private',
      },
    ),
    // https://developer.spotify.com/documentation/web-api/reference/get-current-users-profile
    'GET https://api.spotify.com/v1/me': {
      country: 'SE',
      display_name: 'JMWizzler',
      email: 'email@example.com',
      external_urls: { spotify: 'https://open.spotify.com/user/wizzler' },
      followers: { href: null, total: 3829 },
      id: 'wizzler',
      images: [],
      product: 'premium',
    },
  },
  authorization: {
    url: 'https://accounts.spotify.com/authorize',
    parameters: { scope: 'user-read-email user-read-private', show_dialog: 'true' },
  },
  user: { spotifyId: 'wizzler', expires_in: 3600 },
  requests: ['POST https://accounts.spotify.com/api/token', 'GET https://api.spotify.com/v1/me'],

  accessToken: 'NgCXRK...MzYjw',
  refresh: {
    seconds: 3600,
    accessToken: 'BQBLuPRYBQ...BP8stIv5xr-Iwaf4l8eg',
    url: 'https://accounts.spotify.com/api/token',
  },
})

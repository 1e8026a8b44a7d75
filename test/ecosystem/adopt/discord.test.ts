import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-discord', {
  application: readmeApp({
    name: 'discord',
    strategy: (given) => {
      const Strategy = given.load('passport-discord').Strategy
      return new Strategy(
        {
          clientID: 'DISCORD_ID',
          clientSecret: 'DISCORD_SECRET',
          callbackURL: `${given.origin}/auth/discord/callback`,
          scope: ['identify', 'email', 'guilds', 'guilds.join'],
        },
        (
          _accessToken: string,
          _refreshToken: string,
          profile: { id: string; guilds: { name: string }[] },
          cb: never,
        ) => {
          given.User.findOrCreate(
            { id: profile.id, guilds: profile.guilds.map(({ name }) => name) },
            cb,
          )
        },
      )
    },

    login: { prompt: 'consent' },
  }),
  loginPath: '/auth/discord',
  callbackPath: '/auth/discord/callback',

  provider: {
    // https://docs.discord.com/developers/topics/oauth2#authorization-code-grant-access-token-response
    'POST https://discord.com/api/oauth2/token': codeOrRefresh(
      {
        access_token: '6qrZcUqja7812RVdnEKjpzOL4CvHBFG',
        token_type: 'Bearer',
        expires_in: 604800,
        refresh_token: 'D43f5y0ahjqew82jZ4NViEr2YafMKhue',
        scope: 'identify',
      },
      {
        access_token: '6qrZcUqja7812RVdnEKjpzOL4CvHBFH',
        token_type: 'Bearer',
        expires_in: 604800,
        refresh_token: 'D43f5y0ahjqew82jZ4NViEr2YafMKhuf',
        scope: 'identify',
      },
    ),
    // https://docs.discord.com/developers/resources/user#user-object
    'GET https://discord.com/api/users/@me': {
      id: '80351110224678912',
      username: 'Nelly',
      discriminator: '1337',
      verified: true,
      email: 'nelly@discord.com',
      premium_type: 1,
    },
    // https://docs.discord.com/developers/resources/user#get-current-user-guilds
    'GET https://discord.com/api/users/@me/guilds': [
      { id: '80351110224678912', name: '1337 Krew', owner: true },
    ],
  },
  authorization: {
    url: 'https://discord.com/api/oauth2/authorize',
    parameters: { scope: 'identify email guilds guilds.join', prompt: 'consent' },
  },
  user: { id: '80351110224678912', guilds: ['1337 Krew'] },
  requests: [
    'POST https://discord.com/api/oauth2/token',
    'GET https://discord.com/api/users/@me',
    'GET https://discord.com/api/users/@me/guilds',
  ],

  accessToken: '6qrZcUqja7812RVdnEKjpzOL4CvHBFG',
  refresh: {
    seconds: 604800,
    accessToken: '6qrZcUqja7812RVdnEKjpzOL4CvHBFH',
    url: 'https://discord.com/api/oauth2/token',
  },
})

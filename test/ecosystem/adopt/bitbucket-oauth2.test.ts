import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'
import { expect } from '@jest/globals'
tryDonor('passport-bitbucket-oauth2', {
  application: readmeApp({
    name: 'bitbucket',
    strategy: (given) => {
      const Strategy = given.load('passport-bitbucket-oauth2').Strategy
      return new Strategy(
        {
          clientID: 'BITBUCKET_ID',
          clientSecret: 'BITBUCKET_SECRET',
          callbackURL: `${given.origin}/auth/bitbucket/callback`,
        },
        (
          _accessToken: string,
          _refreshToken: string,
          profile: { username: string },
          done: never,
        ) => {
          given.User.findOrCreate({ bitbucketId: profile.username }, done)
        },
      )
    },
  }),
  loginPath: '/auth/bitbucket',
  callbackPath: '/auth/bitbucket/callback',

  provider: {
    // https://developer.atlassian.com/cloud/bitbucket/oauth-2/
    'POST https://bitbucket.org/site/oauth2/access_token': codeOrRefresh(
      {
        access_token: 'A-yk5XbW',
        scopes: 'account',
        expires_in: 7200,
        refresh_token: 'r4nd0m',
        token_type: 'bearer',
      },
      {
        access_token: 'B-yk5XbW',
        scopes: 'account',
        expires_in: 7200,
        refresh_token: 'r4nd0m',
        token_type: 'bearer',
      },
    ),
    // https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/#api-user-get
    'GET https://api.bitbucket.org/2.0/user': {
      type: 'user',
      uuid: '{c788b2da-b7a2-404c-9e26-d3f077557007}',
      username: 'evzijst',
      display_name: 'Erik van Zijst',
      links: { html: { href: 'https://bitbucket.org/evzijst/' } },
    },
  },
  authorization: {
    url: 'https://bitbucket.org/site/oauth2/authorize',
    parameters: { client_id: 'BITBUCKET_ID' },
  },
  user: { bitbucketId: 'evzijst' },
  requests: [
    'POST https://bitbucket.org/site/oauth2/access_token',
    'GET https://api.bitbucket.org/2.0/user',
  ],
  check: ([exchange, profile]) => {
    const credentials = Buffer.from('BITBUCKET_ID:BITBUCKET_SECRET').toString('base64')
    expect(exchange?.headers.authorization).toBe(`Basic ${credentials}`)
    expect(profile?.headers.authorization).toBe('Bearer A-yk5XbW')
    expect(profile?.headers['user-agent']).toBe('passport-bitbucket')
  },
  accessToken: 'A-yk5XbW',
  refresh: {
    seconds: 7200,
    accessToken: 'B-yk5XbW',
    url: 'https://bitbucket.org/site/oauth2/access_token',
  },
})

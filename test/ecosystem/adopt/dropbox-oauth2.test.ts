import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'
import { expect } from '@jest/globals'
tryDonor('passport-dropbox-oauth2', {
  application: readmeApp({
    name: 'dropbox-oauth2',
    strategy: (given) => {
      const Strategy = given.load('passport-dropbox-oauth2').Strategy
      return new Strategy(
        {
          apiVersion: '2',
          clientID: 'DROPBOX_CLIENT_ID',
          clientSecret: 'DROPBOX_CLIENT_SECRET',
          callbackURL: `${given.origin}/auth/dropbox/callback`,
        },
        findUser(given),
      )
    },
    paths: ['/auth/dropbox', '/auth/dropbox/callback'],

    adopt: () => ({ authorizationParameters: { token_access_type: 'offline' } }),
  }),
  loginPath: '/auth/dropbox',
  callbackPath: '/auth/dropbox/callback',

  provider: {
    // https://www.dropbox.com/developers/documentation/http/documentation#oauth2-token
    'POST https://api.dropbox.com/oauth2/token': codeOrRefresh(
      {
        access_token: 'sl.u.AbX9y6Fe3AuH5o66',
        expires_in: 14400,
        token_type: 'bearer',
        scope: 'account_info.read',
        account_id: 'dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc',
        uid: '12345',
        refresh_token: 'nBiM85CZALsAAAAAAAAAAQXHBoNpNutK4ngsXHsqW4iGz9tisb3JyjGqikMJIYbd',
      },
      { access_token: 'sl.u.AbX9y6Fe3AuH5o67', expires_in: 14400, token_type: 'bearer' },
    ),
    // https://www.dropbox.com/developers/documentation/http/documentation#users-get_current_account
    'POST https://api.dropboxapi.com/2/users/get_current_account': {
      account_id: 'dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc',
      name: {
        given_name: 'Franz',
        surname: 'Ferdinand',
        familiar_name: 'Franz',
        display_name: 'Franz Ferdinand (Personal)',
        abbreviated_name: 'FF',
      },
      email: 'franz@dropbox.com',
      email_verified: true,
    },
  },
  authorization: {
    url: 'https://www.dropbox.com/oauth2/authorize',
    parameters: { token_access_type: 'offline' },
  },
  user: {
    id: 'dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc',
    accessToken: 'sl.u.AbX9y6Fe3AuH5o66',
    refreshToken: 'nBiM85CZALsAAAAAAAAAAQXHBoNpNutK4ngsXHsqW4iGz9tisb3JyjGqikMJIYbd',
  },
  requests: [
    'POST https://api.dropbox.com/oauth2/token',
    'POST https://api.dropboxapi.com/2/users/get_current_account',
  ],
  check: ([exchange, profile]) => {
    expect(exchange?.headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(profile?.headers['content-type']).toBe('application/json')
    expect([...(profile?.form.keys() ?? [])]).toEqual(['null'])
  },
  accessToken: 'sl.u.AbX9y6Fe3AuH5o66',
  refresh: {
    seconds: 14400,
    accessToken: 'sl.u.AbX9y6Fe3AuH5o67',
    url: 'https://api.dropbox.com/oauth2/token',
  },
})

import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-azure-ad-oauth2', {
  application: readmeApp({
    name: 'azure_ad_oauth2',
    strategy: (given) => {
      const Strategy = given.load('passport-azure-ad-oauth2')
      return new Strategy(
        {
          clientID: 'YOUR_CLIENT_ID',
          clientSecret: 'YOUR_CLIENT_SECRET',
          callbackURL: `${given.origin}/auth/azureadoauth2/callback`,
          resource: '00000002-0000-0000-c000-000000000000',
          tenant: 'contoso.onmicrosoft.com',
        },
        (
          _accessToken: string,
          _refreshToken: string,
          params: { id_token: string },
          profile: { provider: string },
          done: never,
        ) => {
          const [, claims = ''] = params.id_token.split('.')
          const { upn } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { upn: string }
          given.User.findOrCreate({ id: upn, provider: profile.provider }, done)
        },
      )
    },
    paths: ['/auth/azureadoauth2', '/auth/azureadoauth2/callback'],
  }),
  loginPath: '/auth/azureadoauth2',
  callbackPath: '/auth/azureadoauth2/callback',

  provider: {
    // https://learn.microsoft.com/en-us/previous-versions/azure/dn645542(v=azure.100)
    'POST https://login.windows.net/contoso.onmicrosoft.com/oauth2/token': codeOrRefresh(
      {
        access_token: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.az',
        token_type: 'Bearer',
        expires_in: '3600',
        expires_on: '1388444763',
        resource: '00000002-0000-0000-c000-000000000000',
        refresh_token: 'AwABAAAAvPM1KaPlrEqdFSBzjqfTGAMxZGUTdM0t4B4',
        scope: 'user_impersonation',
        id_token: `e30.${Buffer.from('{"upn":"frank@contoso.com"}').toString('base64url')}.`,
      },
      {
        access_token: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.azb',
        token_type: 'Bearer',
        expires_in: '3600',
        expires_on: '1388448363',
        resource: '00000002-0000-0000-c000-000000000000',
        refresh_token: 'AwABAAAAv',
        scope: 'user_impersonation',
      },
    ),
  },
  authorization: {
    url: 'https://login.windows.net/contoso.onmicrosoft.com/oauth2/authorize',
    parameters: { resource: '00000002-0000-0000-c000-000000000000' },
  },
  user: { id: 'frank@contoso.com', provider: 'azure_ad_oauth2' },
  requests: ['POST https://login.windows.net/contoso.onmicrosoft.com/oauth2/token'],

  accessToken: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.az',
  refresh: {
    seconds: 3600,
    accessToken: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.azb',
    url: 'https://login.windows.net/contoso.onmicrosoft.com/oauth2/token',
  },
})

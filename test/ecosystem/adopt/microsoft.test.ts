import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-microsoft', {
  application: readmeApp({
    name: 'microsoft',
    strategy: (given) => {
      const Strategy = given.load('passport-microsoft').Strategy
      return new Strategy(
        {
          clientID: 'MICROSOFT_ID',
          clientSecret: 'MICROSOFT_SECRET',
          callbackURL: `${given.origin}/auth/microsoft/callback`,
          scope: ['user.read', 'offline_access'],
          tenant: 'common',
          graphApiVersion: 'v1.0',
          addUPNAsEmail: false,
        },
        findUser(given),
      )
    },

    login: { prompt: 'select_account' },
  }),
  loginPath: '/auth/microsoft',
  callbackPath: '/auth/microsoft/callback',

  provider: {
    // https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow#successful-response-2
    'POST https://login.microsoftonline.com/common/oauth2/v2.0/token': codeOrRefresh(
      {
        access_token: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.a',
        token_type: 'Bearer',
        expires_in: 3599,
        scope: 'https://graph.microsoft.com/mail.read',
        refresh_token: 'AwABAAAAvPM1KaPlrEqdFSBzjqfTGAMxZGUTdM0t4B4',
      },
      {
        access_token: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.b',
        token_type: 'Bearer',
        expires_in: 3599,
        scope: 'https://graph.microsoft.com/mail.read',
        refresh_token: 'AwABAAAAvPM1KaPlrEqdFSBzjqfTGAMxZGUTdM0t4B5',
      },
    ),
    // https://learn.microsoft.com/en-us/graph/api/user-get#example-2-signed-in-user-request
    'GET https://graph.microsoft.com/v1.0/me/': {
      businessPhones: ['+1 425 555 0109'],
      displayName: 'Adele Vance',
      givenName: 'Adele',
      mail: 'AdeleV@contoso.com',
      surname: 'Vance',
      userPrincipalName: 'AdeleV@contoso.com',
      id: '87d349ed-44d7-43e1-9a83-5f2406dee5bd',
    },
  },
  authorization: {
    url: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    parameters: { scope: 'user.read offline_access', prompt: 'select_account' },
  },
  user: {
    id: '87d349ed-44d7-43e1-9a83-5f2406dee5bd',
    accessToken: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.a',
    refreshToken: 'AwABAAAAvPM1KaPlrEqdFSBzjqfTGAMxZGUTdM0t4B4',
  },
  requests: [
    'POST https://login.microsoftonline.com/common/oauth2/v2.0/token',
    'GET https://graph.microsoft.com/v1.0/me/',
  ],

  accessToken: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.a',
  refresh: {
    seconds: 3599,
    accessToken: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.b',
    url: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  },
})

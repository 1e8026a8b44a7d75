import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'

tryDonor('passport-forcedotcom', {
  application: readmeApp({
    name: 'forcedotcom',
    strategy: (given) => {
      const Strategy = given.load('passport-forcedotcom').Strategy
      return new Strategy(
        {
          clientID: 'FORCEDOTCOM_ID',
          clientSecret: 'FORCEDOTCOM_SECRET',
          callbackURL: `${given.origin}/auth/forcedotcom/callback`,
          scope: ['id', 'chatter_api', 'refresh_token'],
        },
        (
          token: { params: { instance_url: string } },
          _refreshToken: string,
          profile: { id: string },
          done: (error: unknown, user: object) => void,
        ) => done(null, { id: profile.id, instance: token.params.instance_url }),
      )
    },

    login: { display: 'page', prompt: '', login_hint: '' },
  }),
  loginPath: '/auth/forcedotcom',
  callbackPath: '/auth/forcedotcom/callback',

  provider: {
    // https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm and https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_refresh_token_flow.htm
    'POST https://login.salesforce.com/services/oauth2/token': codeOrRefresh(
      {
        access_token:
          '00DB0000000TfcR!AQQAQFhoK8vTMg_rKA.esrJ2bCs.OOIjJgl.9Cx6O7KqjZmHMLOyVb.U61BU9tm4xRusf7d3fD1P9oefzqS6i9sJMPWj48IK',
        signature: 'd/SxeYBxH0GSVko0HMgcUxuZy0PA2cDDz1u7g7JtDHw=',
        scope: 'web openid',
        instance_url: 'https://mycompany.my.salesforce.com',
        id: 'https://login.salesforce.com/id/00DB0000000TfcRMAS/005B0000005Bk90IAC',
        token_type: 'Bearer',
        issued_at: '1558553873237',
        refresh_token:
          '5Aep861KIwKdekr90I4iHdtDgWwRoG7O_6uHrgJ.yVtMS0UaGxRqE6WFM77W7wCV4muVMgdqKjuWI2i5S6sjN2X',
      },
      {
        access_token:
          '00Dx0000000BV7z!AR8AQBM8J_xr9kLqmZIRyQxZgLcM4HVi41aGtW0qW3JCzf5xdTGGGSoVim8FfJkZEqxbjaFbberKGk8v8AnYrvChG4qJbQo8',
        instance_url: 'https://mycompany.my.salesforce.com',
        id: 'https://login.salesforce.com/id/00DB0000000TfcRMAS/005B0000005Bk90IAC',
        issued_at: '1278448384422',
        signature: 'SSSbLO/gBhmmyNUvN18ODBDFYHzakxOMgqYtu+hDPsc=',
      },
    ),
    // https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_using_openid.htm (identity URL)
    'GET https://mycompany.my.salesforce.com/id/00DB0000000TfcRMAS/005B0000005Bk90IAC': {
      id: 'https://login.salesforce.com/id/00DB0000000TfcRMAS/005B0000005Bk90IAC',
      user_id: '005B0000005Bk90IAC',
      organization_id: '00DB0000000TfcRMAS',
      display_name: 'Alan Van',
      email: 'admin@2060747062579699.com',
      first_name: 'Alan',
      last_name: 'Van',
      urls: { users: 'https://mycompany.my.salesforce.com/services/data/v{version}/chatter/users' },
    },
  },
  authorization: {
    url: 'https://login.salesforce.com/services/oauth2/authorize',
    parameters: { scope: 'id chatter_api refresh_token', display: 'page' },
  },
  user: {
    id: '00DB0000000TfcRMAS/005B0000005Bk90IAC',
    instance: 'https://mycompany.my.salesforce.com',
  },
  requests: [
    'POST https://login.salesforce.com/services/oauth2/token',
    'GET https://mycompany.my.salesforce.com/id/00DB0000000TfcRMAS/005B0000005Bk90IAC',
    'GET https://mycompany.my.salesforce.com/services/data/v%7Bversion%7D/chatter/users/me/photo',
  ],

  accessToken:
    '00DB0000000TfcR!AQQAQFhoK8vTMg_rKA.esrJ2bCs.OOIjJgl.9Cx6O7KqjZmHMLOyVb.U61BU9tm4xRusf7d3fD1P9oefzqS6i9sJMPWj48IK',
  refresh: {
    accessToken:
      '00Dx0000000BV7z!AR8AQBM8J_xr9kLqmZIRyQxZgLcM4HVi41aGtW0qW3JCzf5xdTGGGSoVim8FfJkZEqxbjaFbberKGk8v8AnYrvChG4qJbQo8',
    url: 'https://login.salesforce.com/services/oauth2/token',
  },
})

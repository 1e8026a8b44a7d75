import { tryDonor } from '../support/donor-test.js'
import { readmeApp } from '../support/readme-app.js'
import { codeOrRefresh } from '../support/token-endpoint.js'
import { expect } from '@jest/globals'
tryDonor('passport-linkedin-oauth2', {
  application: readmeApp({
    name: 'linkedin',
    strategy: (given) => {
      const Strategy = given.load('passport-linkedin-oauth2').Strategy
      return new Strategy(
        {
          clientID: 'LINKEDIN_ID',
          clientSecret: 'LINKEDIN_SECRET',
          callbackURL: `${given.origin}/auth/linkedin/callback`,
          scope: ['r_emailaddress', 'r_liteprofile'],
          state: true,
        },
        (
          _accessToken: string,
          _refreshToken: string,
          { id, displayName, emails }: Record<string, unknown>,
          done: (error: unknown, user: object) => void,
        ) => {
          process.nextTick(() => done(null, { id, displayName, emails }))
        },
      )
    },

    login: { state: 'SOME STATE' },
  }),
  loginPath: '/auth/linkedin',
  callbackPath: '/auth/linkedin/callback',

  pkce: false,
  provider: {
    // https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow#step-3-exchange-authorization-code-for-an-access-token and https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens
    'POST https://www.linkedin.com/oauth/v2/accessToken': codeOrRefresh(
      {
        access_token: 'AQUvlL_DYEzvT2wz1QJiEPeLioeA',
        expires_in: 5184000,
        refresh_token: 'AQWAft_WjYZKwuWXLC5hQlghgTam',
        refresh_token_expires_in: 31536000,
        scope: 'r_basicprofile',
      },
      {
        access_token: 'BBBB2kXITHELmWblJigbHEuoFdfRhOwGA0QNnumBI8XOVSs0HtOHEU',
        expires_in: 5184000,
        refresh_token: 'AQWAft_WjYZKwuWXLC5hQlghgTam',
        refresh_token_expires_in: 31536000,
      },
    ),
    // https://learn.microsoft.com/en-us/linkedin/shared/integrations/people/profile-api#sample-response
    'GET https://api.linkedin.com/v2/me': {
      id: 'REDACTED',
      firstName: {
        localized: { en_US: 'Bob' },
        preferredLocale: { country: 'US', language: 'en' },
      },
      lastName: {
        localized: { en_US: 'Smith' },
        preferredLocale: { country: 'US', language: 'en' },
      },
    },
    // https://learn.microsoft.com/en-us/linkedin/shared/integrations/people/primary-contact-api
    'GET https://api.linkedin.com/v2/emailAddress': {
      elements: [
        {
          handle: 'urn:li:emailAddress:3775708763',
          'handle~': { emailAddress: 'hsimpson@linkedin.com' },
        },
      ],
    },
  },
  authorization: {
    url: 'https://www.linkedin.com/oauth/v2/authorization',
    parameters: { scope: 'r_emailaddress r_liteprofile' },
  },
  user: { id: 'REDACTED', displayName: 'Bob Smith', emails: [{ value: 'hsimpson@linkedin.com' }] },
  requests: [
    'POST https://www.linkedin.com/oauth/v2/accessToken',
    'GET https://api.linkedin.com/v2/me',
    'GET https://api.linkedin.com/v2/emailAddress',
  ],
  check: ([, profile]) => {
    expect(profile?.headers.authorization).toBe('Bearer AQUvlL_DYEzvT2wz1QJiEPeLioeA')
  },
  accessToken: 'AQUvlL_DYEzvT2wz1QJiEPeLioeA',
  refresh: {
    seconds: 5184000,
    accessToken: 'BBBB2kXITHELmWblJigbHEuoFdfRhOwGA0QNnumBI8XOVSs0HtOHEU',
    url: 'https://www.linkedin.com/oauth/v2/accessToken',
  },
})

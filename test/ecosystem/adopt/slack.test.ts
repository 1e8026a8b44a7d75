import { tryDonor } from '../support/donor-test.js'
import { readmeApp, findUser } from '../support/readme-app.js'

import { expect } from '@jest/globals'
tryDonor('passport-slack', {
  application: readmeApp({
    name: 'slack',
    strategy: (given) => {
      const Strategy = given.load('passport-slack').Strategy
      return new Strategy(
        {
          clientID: 'SLACK_ID',
          clientSecret: 'SLACK_SECRET',
          skipUserProfile: false,
          scope: ['identity.basic', 'identity.email', 'identity.avatar', 'identity.team'],
        },
        findUser(given),
      )
    },

    adopt: ({ origin }) => ({ callbackURL: `${origin}/auth/slack/callback` }),
  }),
  loginPath: '/auth/slack',
  callbackPath: '/auth/slack/callback',

  pkce: false,
  provider: {
    // https://docs.slack.dev/reference/methods/oauth.access
    'POST https://slack.com/api/oauth.access': {
      ok: true,
      access_token: 'xoxp-1234',
      scope: 'identity.basic',
      team_id: 'TXXXXXXXXX',
      team_name: 'Wyld Stallyns LLC',
      enterprise_id: null,
    },
    // https://docs.slack.dev/reference/methods/users.identity
    'GET https://slack.com/api/users.identity': {
      ok: true,
      user: { name: 'Sonny Whether', id: 'U0G9QF9C6' },
      team: { id: 'T0G9PQBBK' },
    },
  },
  authorization: {
    url: 'https://slack.com/oauth/authorize',
    parameters: { scope: 'identity.basic identity.email identity.avatar identity.team' },
  },
  user: { id: 'U0G9QF9C6', accessToken: 'xoxp-1234' },
  requests: ['POST https://slack.com/api/oauth.access', 'GET https://slack.com/api/users.identity'],
  check: ([, identity]) => {
    expect(identity?.headers.authorization).toBe('Bearer xoxp-1234')
  },
  accessToken: 'xoxp-1234',
})

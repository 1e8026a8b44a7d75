import { tryDonor } from './donor-test.js'
import { readmeApp, findUser } from './readme-app.js'

import { expect, it } from '@jest/globals'
/** Tries one of the two packages for GitHub, whose applications and answers are the same. */
export function tryGitHub(name: 'passport-github' | 'passport-github2'): void {
  tryDonor(name, {
    application: readmeApp({
      name: 'github',
      strategy: (given) => {
        const GitHubStrategy = given.load(name).Strategy
        return new GitHubStrategy(
          {
            clientID: 'GITHUB_CLIENT_ID',
            clientSecret: 'GITHUB_CLIENT_SECRET',
            callbackURL: `${given.origin}/auth/github/callback`,
            scope: ['user:email'],
          },
          findUser(given),
        )
      },
      login: { scope: ['user:email'] },
    }),
    loginPath: '/auth/github',
    callbackPath: '/auth/github/callback',
    provider: {
      // https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
      // https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
      'POST https://github.com/login/oauth/access_token': ({ form }) =>
        form.get('code') === 'spent-code-1'
          ? {
              // https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
              error: 'bad_verification_code',
              error_description: 'The code passed is incorrect or expired.',
              error_uri: 'https://docs.github.com/apps/troubleshooting',
            }
          : {
              access_token:
                form.get('grant_type') === 'refresh_token'
                  ? 'ghu_16C7e42F292c6912E7710c838347Ae178B4b'
                  : 'ghu_16C7e42F292c6912E7710c838347Ae178B4a',
              expires_in: 28800,
              refresh_token: 'ghr_1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B',
              refresh_token_expires_in: 15811200,
              scope: '',
              token_type: 'bearer',
            },
      // https://docs.github.com/en/rest/users/users#get-the-authenticated-user
      'GET https://api.github.com/user': {
        login: 'octocat',
        id: 1,
        html_url: 'https://github.com/octocat',
        name: 'monalisa octocat',
        email: 'octocat@github.com',
      },
      // https://docs.github.com/en/rest/users/emails#list-email-addresses-for-the-authenticated-user
      'GET https://api.github.com/user/emails': [
        { email: 'octocat@github.com', verified: true, primary: true, visibility: 'public' },
      ],
    },
    authorization: {
      url: 'https://github.com/login/oauth/authorize',
      parameters: { scope: 'user:email' },
    },
    user: {
      id: '1',
      accessToken: 'ghu_16C7e42F292c6912E7710c838347Ae178B4a',
      refreshToken: 'ghr_1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B',
    },
    requests: [
      'POST https://github.com/login/oauth/access_token',
      'GET https://api.github.com/user',
      'GET https://api.github.com/user/emails',
    ],
    check: (requests) => {
      expect(requests[0]?.form.get('client_secret')).toBe('GITHUB_CLIENT_SECRET')
      expect(requests[1]?.headers).toMatchObject({
        'user-agent': 'passport-github',
        authorization: 'Bearer ghu_16C7e42F292c6912E7710c838347Ae178B4a',
      })
    },
    accessToken: 'ghu_16C7e42F292c6912E7710c838347Ae178B4a',
    refresh: {
      seconds: 28800,
      accessToken: 'ghu_16C7e42F292c6912E7710c838347Ae178B4b',
      url: 'https://github.com/login/oauth/access_token',
    },
    further(scene) {
      it('recognises an error that comes with HTTP 200', async () => {
        const { logIn, errors } = scene()
        await logIn({ code: 'spent-code-1' })
        expect(errors).toEqual([
          expect.objectContaining({
            code: 'ERR_TOKEN_ENDPOINT',
            error: 'invalid_grant',
            errorDescription: 'The code passed is incorrect or expired.',
          }),
        ])
      })
    },
  })
}

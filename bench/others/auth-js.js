import { Auth } from '@auth/core'
import { ExpressAuth } from '@auth/express'
import { keptTokens } from '../apps/scene.js'

const CREDENTIALS = { client_id: 'client-1', client_secret: 'secret-1' }

/**
 * Auth.js for Express, without a database: the tokens are in an encrypted cookie, and the `jwt` callback refreshes
 * them as in its guide "Refresh token rotation". The new tokens are in a cookie that comes with the session.
 * `getSession` drops it, so that each request would refresh again, with a refresh token that was used. Here the
 * application does what `getSession` does, and passes the cookie on.
 */
export function addRoutes(app, { origin, provider }) {
  const config = configOf(provider)
  app.set('trust proxy', true)
  // It reads the path behind `/auth` as Express 4 names it, which Express 5 does for regular expressions only.
  app.use(/^\/auth\/(.+)/, ExpressAuth(config))
  app.get('/token', async (req, res) => {
    const headers = { cookie: req.headers.cookie ?? '' }
    const answer = await Auth(new Request(`${origin}/auth/session`, { headers }), config)
    for (const cookie of answer.headers.getSetCookie()) res.append('set-cookie', cookie)
    const session = await answer.json()
    if (!session?.accessToken || session.error) res.sendStatus(401)
    else res.json({ accessToken: session.accessToken })
  })
}

function configOf(provider) {
  return {
    secret: 'a secret of the bench, which is long enough',
    trustHost: true,
    basePath: '/auth',
    // A refusal is counted where it arrives; Auth.js would print it.
    logger: { error: () => undefined },
    providers: [providerOf(provider)],
    callbacks: {
      jwt: ({ token, account }) => {
        if (account) return { ...token, ...keptTokens(account) }
        return Date.now() < token.expiresAt ? token : refresh(token, provider)
      },
      session: ({ session, token: { accessToken, error } }) => ({ ...session, accessToken, error }),
    },
  }
}

function providerOf({ authorizationURL, tokenURL, profileURL }) {
  return {
    id: 'bench',
    name: 'Bench',
    type: 'oauth',
    authorization: { url: authorizationURL, params: { scope: 'profile' } },
    token: tokenURL,
    userinfo: profileURL,
    clientId: CREDENTIALS.client_id,
    clientSecret: CREDENTIALS.client_secret,
    client: { token_endpoint_auth_method: 'client_secret_post' },
    checks: ['pkce', 'state'],
    profile: ({ sub, name, email }) => ({ id: sub, name, email }),
  }
}

/** The guide's: whatever goes wrong is an error of the session, which asks the person to log in. */
async function refresh(token, { tokenURL }) {
  const { refreshToken } = token
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...CREDENTIALS }
  try {
    const answer = await fetch(tokenURL, { method: 'POST', body: new URLSearchParams(form) })
    const response = await answer.json()
    if (!answer.ok) throw response
    return { ...token, ...keptTokens({ refresh_token: refreshToken, ...response }) }
  } catch {
    return { ...token, error: 'RefreshTokenError' }
  }
}

import Database from 'better-sqlite3'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node'
import { genericOAuth } from 'better-auth/plugins'

const PROVIDER = 'bench'

/**
 * better-auth with its plugin for any OAuth provider. Its sessions and pending logins are in Redis, as
 * `secondaryStorage`; people and tokens can only be in its database. That is SQLite in memory here, which takes less
 * time than any server. An application of several processes needs one, whose requests are not counted here.
 */
export async function addRoutes(app, scene) {
  const database = new Database(':memory:')
  const auth = createAuth(scene, database)
  await (await getMigrations(auth.options)).runMigrations()

  app.all('/api/auth/*splat', toNodeHandler(auth))
  app.get('/login', async (_req, res) => {
    const body = { provider: PROVIDER, callbackURL: '/' }
    const answer = await auth.api.signInSocial({ body, asResponse: true })
    const { url } = await answer.json()
    res.set('set-cookie', answer.headers.getSetCookie()).redirect(url)
  })

  // `getAccessToken` wants better-auth's own id of the account, which an application looks up in the database.
  const ofUser = database.prepare(accountsWhere('userId'))
  const ofSubject = database.prepare(accountsWhere('accountId'))
  const answerToken = async (res, { id, userId }) => {
    const { accessToken } = await auth.api.getAccessToken({ body: { accountId: id, userId } })
    res.json({ accessToken })
  }
  app.get('/token', async (req, res) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) })
    if (session === null) res.sendStatus(401)
    else await answerToken(res, ofUser.get(session.user.id))
  })
  app.get('/job', (req, res) => answerToken(res, ofSubject.get(req.query.subject)))
  addNoteRoutes(app, scene, auth)
}

function accountsWhere(column) {
  return `SELECT id, userId FROM account WHERE providerId = '${PROVIDER}' AND ${column} = ?`
}

function createAuth({ origin, provider, client }, database) {
  return betterAuth({
    baseURL: origin,
    secret: 'a secret of the bench, which is long enough',
    database,
    secondaryStorage: storageOf(client),
    session: { additionalFields: { note: { type: 'string', required: false } } },
    // It would limit a bench, and everybody comes from one address.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    // A refusal is counted where it arrives; better-auth would print it.
    logger: { disabled: true },
    plugins: [genericOAuth({ config: [configOf(provider)] })],
  })
}

/** What its documentation asks for, with a prefix as other sessions have one. */
function storageOf(client) {
  const keyOf = (key) => `sess:${key}`
  return {
    get: (key) => client.get(keyOf(key)),
    getAndDelete: (key) => client.getDel(keyOf(key)),
    set: (key, value, ttl) => client.set(keyOf(key), value, ttl ? { EX: ttl } : {}),
    delete: (key) => client.del(keyOf(key)),
    async increment(key, ttl) {
      const first = { EX: ttl, NX: true }
      const [, count] = await client.multi().set(keyOf(key), '0', first).incr(keyOf(key)).exec()
      return count
    },
  }
}

function configOf({ authorizationURL, tokenURL, profileURL }) {
  return {
    providerId: PROVIDER,
    authorizationUrl: authorizationURL,
    tokenUrl: tokenURL,
    userInfoUrl: profileURL,
    accountSubject: ({ profile }) => profile.sub,
    clientId: 'client-1',
    clientSecret: 'secret-1',
    scopes: ['profile'],
    pkce: true,
  }
}

/** A field of the application in the session. No token is there. */
function addNoteRoutes(app, { wait }, auth) {
  app.get('/note', async (req, res) => {
    const headers = fromNodeHeaders(req.headers)
    await auth.api.getSession({ headers })
    await wait()
    await auth.api.updateSession({ body: { note: 'kept' }, headers })
    res.json({})
  })
  app.get('/noted', async (req, res) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) })
    res.json({ note: session?.session.note })
  })
}

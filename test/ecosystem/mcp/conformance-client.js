import { once } from 'node:events'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { ConnectionRequiredError, loginErrorPage, MemoryGrants } from 'passport-authorization-code'
import { connectResources } from 'passport-authorization-code/connect'
import { createBrowser } from './browser.js'

/** How often a person connects the same server, before they lose patience. */
const MAXIMUM_LOGINS = 6

/** The first revision of the protocol that a client has to be told of, and does not find out. */
const PINNED_REVISION = '2026-07-28'

passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => done(null, { id }))

/**
 * A person connects a server to an application of their own, which then calls a tool there.
 *
 * @param serverAddress where it is
 * @param revision of the protocol
 * @param known the client that is registered there beforehand, if there is one
 * @returns `connected`, or the code and the reason of the error that has kept the person from it
 */
export async function connectAndCall({ serverAddress, revision, known }) {
  const { origin, fetchAsAda, refusal, close } = await startApplication(known, serverAddress)
  const browser = createBrowser()

  /** `fetch`, for which the person connects the server as often as it wants that. */
  async function fetchConnecting(url, init) {
    for (let logins = 0; ; logins++) {
      try {
        return await fetchAsAda(url, init)
      } catch (error) {
        if (!(error instanceof ConnectionRequiredError) || logins === MAXIMUM_LOGINS) throw error
        const end = await browser.press(await browser.visit(error.connectURL))
        if (end.url !== `${origin}/connected`)
          throw new Error(`The login ended at ${end.url}`, { cause: error })
      }
    }
  }

  const pinned = { versionNegotiation: { mode: { pin: revision } } }
  const client = new Client(
    { name: 'conformance', version: '1.0.0' },
    revision === PINNED_REVISION ? pinned : {},
  )
  try {
    await browser.visit(`${origin}/log-in`)
    const address = new URL(serverAddress)
    await client.connect(new StreamableHTTPClientTransport(address, { fetch: fetchConnecting }))
    await client.listTools()
    await client.callTool({ name: 'test-tool', arguments: {} })
    return 'connected'
  } catch (error) {
    const { code, reason, message } = refusal() ?? error
    return [code ?? message, reason].filter(Boolean).join(' ')
  } finally {
    await client.close()
    close()
  }
}

async function startApplication(known, serverAddress) {
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${server.address().port}`

  let refusal
  const connections = connectResources({
    grants: new MemoryGrants(),
    callbackURL: `${origin}/connect/callback`,
    client: { client_name: 'Conformance' },
    registeredClients: (issuer) =>
      issuer === known.issuer
        ? {
            clientID: known.client_id,
            clientSecret: known.client_secret,
            resources: [new URL(serverAddress).origin],
          }
        : undefined,
    // The tests expect this address, and not all of their servers send `iss`.
    clientMetadataURL: 'https://conformance-test.local/client-metadata.json',
    dangerouslyShareCallback: true,
    dangerouslyAllowPrivateNetwork: true,
    successRedirect: '/connected',
    onError(error, req, res, next) {
      refusal ??= error
      loginErrorPage(error, req, res, next)
    },
  })
  app.use(session({ secret: 'the secret of a test', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  app.get('/log-in', (req, res, next) => {
    req.logIn({ id: 'ada' }, (error) => (error ? next(error) : res.send('Hello')))
  })
  app.get('/connected', (_req, res) => res.send('Connected'))
  app.use('/connect', connections.router)
  return {
    origin,
    fetchAsAda: connections.fetchFor({ account: 'ada' }),
    /** The error of the first page on which the person could not go on. */
    refusal: () => refusal,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

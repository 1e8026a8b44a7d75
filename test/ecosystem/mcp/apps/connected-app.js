// An application to which people connect an MCP server, with the client of the official SDK.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { ConnectionRequiredError } from 'passport-authorization-code'
import { connectResources } from 'passport-authorization-code/connect'
import { RedisGrants } from 'passport-authorization-code/redis'
import { createClient } from 'redis'

const { APP_URL, PORT, REDIS_URL, SERVER_ADDRESS, TIMEOUT_MS = '10000' } = process.env
const secret = 'the secret of a test, and long enough'

const redis = await createClient({ url: REDIS_URL }).connect()
const connections = connectResources({
  grants: new RedisGrants({ client: redis, secret }),
  callbackURL: `${APP_URL}/connect/callback`,
  client: { client_name: 'Your app' },
  successRedirect: '/connections',
  timeoutMs: Number(TIMEOUT_MS),
  dangerouslyAllowPrivateNetwork: true,
})

passport.serializeUser((user, done) => done(null, user.id))
passport.deserializeUser((id, done) => done(null, { id }))

const app = express()
app.use(session({ secret, resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/log-in/:id', (req, res, next) => {
  req.logIn({ id: req.params.id }, (error) => (error ? next(error) : res.send('Hello')))
})
app.use('/connect', connections.router)

app.get('/connections', async (req, res) => {
  res.json(await connections.list(req))
})

/** Does something with a client that is connected to the server. */
async function withClient(fetch, use) {
  const client = new Client({ name: 'your-app', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(SERVER_ADDRESS), { fetch }))
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

async function callTool(client, name) {
  const seen = []
  const onprogress = ({ progress }) => seen.push(progress)
  const asked = { name, arguments: name === 'add' ? { a: 1, b: 2 } : {} }
  const { content } = await client.callTool(asked, undefined, { onprogress })
  return { text: content[0].text, seen }
}

app.get('/tools', async (req, res) => {
  const { tools } = await withClient(connections.fetchFor(req), (client) => client.listTools())
  res.json(tools.map(({ name }) => name))
})

app.get('/tools/:name', async (req, res) => {
  const call = (client) => callTool(client, req.params.name)
  res.json(await withClient(connections.fetchFor(req), call))
})

// Whoever has to connect the server first is sent there.
app.use(['/tools'], (error, _req, res, next) => {
  if (error instanceof ConnectionRequiredError) res.redirect(error.connectURL)
  else next(error)
})

// A job: anybody may start it, and no login is needed. It is done as often at once as the query says.
app.get('/jobs/:account/:name', async (req, res) => {
  const { account, name } = req.params
  const fetch = connections.fetchFor({ account })
  const job = () => withClient(fetch, (client) => callTool(client, name))
  try {
    const all = await Promise.all(Array.from({ length: Number(req.query.times ?? 1) }, job))
    res.json({ texts: all.map(({ text }) => text) })
  } catch (error) {
    const { code, reason, scope, connectURL, message } = error
    res.json({ code, reason, scope, connectURL, message })
  }
})

app.listen(PORT, '127.0.0.1', () => console.log(`Open ${APP_URL}`))

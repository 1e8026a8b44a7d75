import express, { Router, type Request, type Response } from 'express'
import { AuthorizationCodeError, ConnectionRequiredError } from 'passport-authorization-code'
import type { Connections, ListedConnection } from 'passport-authorization-code/connect'
import { requireAnyLogin } from './account-routes.js'
import { ExampleError } from './errors.js'
import { callTool, listTools, type ToolResult } from './mcp-client.js'
import type { NightlyTools } from './nightly-tools.js'
import type { Providers } from './providers.js'
import type { Reports } from './report.js'
import { send } from './send.js'
import { serversPage, type ServersFacts } from './servers-page.js'
import { toolsPage, toolsPath } from './tools-page.js'
import { visitorOf } from './visitor.js'

/** What the routes need. */
export interface ServersParts {
  readonly connections: Connections
  readonly nightlyTools: NightlyTools
  readonly providers: Providers
  readonly reports: Reports
  /** The address of the server of this example, if it is there. */
  readonly ownServer: string | undefined
}

/** `/servers`: the servers that a person has connected, and their tools. */
export function serverRoutes(parts: ServersParts): Router {
  const { connections, nightlyTools, providers, reports, ownServer } = parts
  const router = Router()
  router.use(requireAnyLogin(providers), express.urlencoded({ extended: false }))

  router.get('/', async (req, res) => {
    const account = visitorOf(req)?.account
    send(res, serversPage(account === undefined ? undefined : await factsAbout(req, account)))
  })

  // Without an account, nothing is connected, and there is nothing to do with the rest.
  router.use(needsAccount)

  router.get('/tools', async (req, res) => {
    await showTools(req, res, await connectionOn(req))
  })

  router.post('/call', async (req, res) => {
    const connection = await connectionOn(req)
    const name = fieldOn(req, 'tool') ?? ''
    await orAsk(res, connection, async () => {
      const result = await answerOf(() =>
        callTool(connection.address, connections.fetchFor(req), {
          name,
          fields: toolFieldsOn(req),
        }),
      )
      await showTools(req, res, connection, { tool: name, ...result })
    })
  })

  router.post('/every-night', async (req, res) => {
    const { address } = await connectionOn(req)
    const tool = fieldOn(req, 'tool')
    await (tool === undefined
      ? nightlyTools.drop(accountOn(req), address)
      : nightlyTools.choose(accountOn(req), address, tool))
    res.redirect(303, '/servers')
  })

  router.post('/run', async (_req, res) => {
    await reports.run()
    res.redirect(303, '/servers')
  })

  router.post('/disconnect', async (req, res) => {
    const { address } = await connectionOn(req)
    await nightlyTools.drop(accountOn(req), address)
    await connections.disconnect(req, address)
    res.redirect(303, '/servers')
  })
  return router

  async function factsAbout(req: Request, account: string): Promise<ServersFacts> {
    const [connected, chosen, last] = await Promise.all([
      connections.list(req),
      nightlyTools.of(account),
      reports.last(),
    ])
    const lines = last?.tools.filter((line) => line.account === account)
    return { connected, chosen, lines, ownServer }
  }

  /** The person's own connection that the request is about: to other addresses, nothing is sent. */
  async function connectionOn(req: Request): Promise<ListedConnection> {
    const wanted = fieldOn(req, 'resource')
    const found = (await connections.list(req)).find(({ address }) => address === wanted)
    if (found === undefined) throw new ExampleError('ERR_NOT_FOUND', 404)
    return found
  }

  async function showTools(
    req: Request,
    res: Response,
    connection: ListedConnection,
    result?: ToolResult & { readonly tool: string },
  ): Promise<void> {
    await orAsk(res, connection, async () => {
      const fetch = connections.fetchFor(req)
      try {
        const tools = await listTools(connection.address, fetch)
        send(res, toolsPage({ connection, tools, result }))
      } catch (error) {
        const problem = ofServer(error)
        send(res.status(502), toolsPage({ connection, tools: [], result, problem }))
      }
    })
  }
}

/** `/connect`: the routes of the library. What people connect belongs to their account, so they need one. */
export function connectionRoutes({ connections }: Pick<ServersParts, 'connections'>): Router {
  const router = Router()
  router.use((req, res, next) => {
    const visitor = visitorOf(req)
    // Authorization servers, too, come here, and are nobody.
    if (visitor === undefined || visitor.account !== undefined) next()
    else res.redirect(303, '/servers')
  })
  router.use(connections.router)
  return router
}

const needsAccount: express.RequestHandler = (req, res, next) => {
  if (visitorOf(req)?.account !== undefined) next()
  else res.redirect(303, '/servers')
}

function accountOn(req: Request): string {
  return String(visitorOf(req)?.account)
}

/** Sends the person where they can approve what the server wants, and back to its tools. */
async function orAsk(
  res: Response,
  { address }: ListedConnection,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action()
  } catch (error) {
    if (!(error instanceof ConnectionRequiredError)) throw error
    const url = new URL(error.connectURL)
    url.searchParams.set('return_to', toolsPath(address))
    res.redirect(303, url.href)
  }
}

async function answerOf(call: () => Promise<ToolResult>): Promise<ToolResult> {
  try {
    return await call()
  } catch (error) {
    return { text: ofServer(error), isError: true }
  }
}

/** What went wrong at the server, in its own words or ours. @throws what the server has nothing to do with */
function ofServer(error: unknown): string {
  if (error instanceof AuthorizationCodeError && error.fault !== 'provider') throw error
  return String((Object(error) as { readonly message?: unknown }).message).slice(0, 300)
}

/** A field of the form, or a parameter of the query. */
function fieldOn({ body, query }: Request, name: string): string | undefined {
  const value: unknown = { ...query, ...(Object(body) as object) }[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What the form says to the tool. Fields that were left empty are left out. */
function toolFieldsOn({ body }: Request): Record<string, unknown> {
  const filledIn = Object.entries(Object(body) as Readonly<Record<string, unknown>>).filter(
    (field): field is [string, string] => typeof field[1] === 'string' && field[1] !== '',
  )
  return Object.fromEntries(
    filledIn.flatMap(([field, value]) => {
      const [, kind, name = ''] = /^(text|json)\.(.*)$/s.exec(field) ?? []
      if (kind === undefined) return []
      return [[name, kind === 'text' ? value : jsonOrText(value)]]
    }),
  )
}

/** Text that is no JSON is sent as it is: the server says what is wrong with it. */
function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

import { hkdfSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { createApp } from './app.js'
import { createConnections } from './connections.js'
import { createNightlyTools } from './nightly-tools.js'
import type { AuthorizationServer } from './authorization-server.js'
import type { ExampleAppOptions } from './options.js'
import { startNightly } from './nightly.js'
import { createProviders, strategiesOf } from './providers.js'
import { createReports, type Report } from './report.js'
import { openStorage } from './storage.js'

/** How long requests may take to finish when the app stops, in **milliseconds**. Pages that stream never finish. */
const GRACE_MS = 3_000

/** How long to wait, when the app stops, for tokens that a provider is about to send, in **milliseconds**. */
const IDLE_TIMEOUT_MS = 10_000

/** A running example app. */
export interface ExampleApp {
  /** Where to open it, without a slash at the end. */
  readonly url: string
  /** Where the page is that draws the logins, with its key; `undefined` if it is not shown. */
  readonly flowURL: string | undefined
  /** The own stand-ins; `undefined` when both providers are the real ones, or stand-ins elsewhere. */
  readonly authorizationServer: AuthorizationServer | undefined
  /** Makes the nightly report now. */
  runReport(): Promise<Report>
  /** Stops the app, waits until no report and no token request is under way, and closes its stand-ins and its connections. */
  close(): Promise<void>
}

/** Starts the example app and whatever it needs that is not given. */
export async function startExampleApp(options: ExampleAppOptions = {}): Promise<ExampleApp> {
  const server = createServer()
  await listenOnFirstFree(server, options.ports)
  try {
    return await openApp(server, options)
  } catch (error) {
    await stop(server, 0)
    throw error
  }
}

async function openApp(server: Server, options: ExampleAppOptions): Promise<ExampleApp> {
  const { onError = () => undefined, publicURL, sessionSecret = randomSecret() } = options
  const { port } = server.address() as AddressInfo
  const url = new URL(publicURL ?? `http://localhost:${port}`)
  const { tokenSecret = deriveSecret(sessionSecret, TOKEN_SECRET) } = options
  const storage = await openStorage(options, tokenSecret, onError)
  try {
    const { grants, notes } = storage
    const nightlyTools = createNightlyTools({ connections: () => connections, notes, onError })
    const reports = createReports({
      report: () => providers.report,
      tools: nightlyTools,
      notes,
      onError,
    })
    const providers = await createProviders(options, url.origin, {
      grants,
      onReportAllowed: reports.allow,
    })
    const ownServer = isProduction() ? undefined : providers.notes?.resource
    const connections = createConnections({ grants, appURL: url.origin, ownServer })
    const nightly = startNightly(reports.run, notes, onError)
    server.on(
      'request',
      createApp({
        providers,
        reports,
        servers: { connections, nightlyTools, ownServer },
        url,
        isBehindProxy: publicURL !== undefined,
        flowKey: deriveSecret(sessionSecret, FLOW_KEY),
        sessionSecret,
        sessionStore: storage.sessionStore,
        onError,
      }),
    )
    return {
      url: url.origin,
      flowURL: flowURL(url.origin, { publicURL, sessionSecret }),
      authorizationServer: providers.authorizationServer,
      runReport: reports.run,
      async close() {
        await Promise.all([stop(server, GRACE_MS), nightly.stop()])
        const all = [...strategiesOf(providers), connections]
        await Promise.all(all.map((one) => one.idle({ timeoutMs: IDLE_TIMEOUT_MS })))
        await providers.close()
        await storage.close()
      },
    }
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** A secret for this start alone. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What {@link deriveSecret} makes secrets for. */
const TOKEN_SECRET = 'the example app’s token secret'
const FLOW_KEY = 'the example app’s key of the flow inspector'

/** Where the page is that draws the logins, with its key; `undefined` if the app does not show it. */
export function flowURL(
  url: string,
  { publicURL, sessionSecret }: Pick<ExampleAppOptions, 'publicURL' | 'sessionSecret'>,
): string | undefined {
  if (publicURL !== undefined || sessionSecret === undefined || isProduction()) return undefined
  return `${url}/flow?key=${deriveSecret(sessionSecret, FLOW_KEY)}`
}

function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production'
}

/** One secret to set is enough, and still no key serves two purposes. */
function deriveSecret(sessionSecret: string, purpose: string): string {
  const key = hkdfSync('sha256', sessionSecret, '', purpose, 32)
  return Buffer.from(key).toString('base64url')
}

/**
 * Listens at 127.0.0.1, on the first of these ports that is free.
 *
 * @throws when none of them is
 */
async function listenOnFirstFree(server: Server, ports: readonly number[] = [0]): Promise<void> {
  for (const [index, port] of ports.entries()) {
    const isLast = index === ports.length - 1
    try {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      return
    } catch (error) {
      if (isLast || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
}

/** Accepts no more requests, and lets those that run finish. */
async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = promisify(server.close.bind(server))()
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearTimeout(timer)
}

import { hkdfSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { createApp } from './app.js'
import type {
  AuthorizationServer,
  AuthorizationServerOptions,
  Tenants,
} from './authorization-server.js'
import { createProviders } from './providers.js'
import { openStorage } from './storage.js'

/** What {@link startExampleApp} may be told. Everything has a default. */
export interface ExampleAppOptions {
  /**
   * The ports to try in turn, at 127.0.0.1; `0` takes any that is free.
   *
   * @default [0]
   */
  readonly ports?: readonly number[] | undefined

  /**
   * The address under which browsers reach the app, such as `https://your-app.com`, when that is a
   * reverse proxy's. The proxy is then trusted to say whether the browser came by HTTPS.
   *
   * @default `http://localhost` and the port
   */
  readonly publicURL?: string | undefined

  /** Signs the session cookies. @default random, so that logins end with the process */
  readonly sessionSecret?: string | undefined

  /** Seals the tokens in the sessions; 32 characters or more. @default derived from the session secret */
  readonly tokenSecret?: string | undefined

  /** Where sessions live, and the ledger with them. @default in memory */
  readonly redisURL?: string | undefined

  /** The credentials for the real Askara. @default none: a local stand-in */
  readonly askara?:
    | {
        readonly clientID: string
        readonly clientSecret: string
        /** @default the documented place */
        readonly profileURL?: string | undefined
      }
    | undefined

  /** The credentials for the real Jiko. @default none: a local stand-in */
  readonly jiko?:
    | {
        readonly clientID: string
        /** PKCS #8 in PEM. */
        readonly privateKey: string
        readonly keyId?: string | undefined
        /** Where the pockets are listed. @default the documented place */
        readonly apiURL?: string | undefined
      }
    | undefined

  /**
   * Finds stand-ins that run elsewhere, such as in the primary process of a cluster, for the app at this
   * address; `undefined` when both providers are the real ones.
   *
   * @default starts own ones
   */
  readonly findStandIns?: ((appURL: string) => Promise<Tenants | undefined>) | undefined

  /** How the own stand-ins behave. */
  readonly authorizationServer?: Omit<AuthorizationServerOptions, 'callbackURLs'> | undefined

  /** Called for every error that is not the visitor's own (status 500 and up). @default forgotten */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** A running example app. */
export interface ExampleApp {
  /** Where to open it, without a slash at the end. */
  readonly url: string
  /** The own stand-ins; `undefined` when both providers are the real ones, or stand-ins elsewhere. */
  readonly authorizationServer: AuthorizationServer | undefined
  /** Stops the app, its stand-ins and its connection to Redis. */
  close(): Promise<void>
}

/** Starts the example app and whatever it needs that is not given. */
export async function startExampleApp(options: ExampleAppOptions = {}): Promise<ExampleApp> {
  const server = createServer()
  await listenOnFirstFree(server, options.ports)
  try {
    return await openApp(server, options)
  } catch (error) {
    await stop(server)
    throw error
  }
}

async function openApp(server: Server, options: ExampleAppOptions): Promise<ExampleApp> {
  const { onError = () => undefined, publicURL, sessionSecret = randomSecret() } = options
  const { port } = server.address() as AddressInfo
  const url = new URL(publicURL ?? `http://localhost:${port}`)
  const storage = await openStorage(options.redisURL, onError)
  try {
    const providers = await createProviders(options, url.origin, {
      ledger: storage.ledger,
      tokenSecret: options.tokenSecret ?? deriveTokenSecret(sessionSecret),
    })
    server.on(
      'request',
      createApp({
        providers,
        url,
        isBehindProxy: publicURL !== undefined,
        sessionSecret,
        sessionStore: storage.sessionStore,
        onError,
      }),
    )
    return {
      url: url.origin,
      authorizationServer: providers.authorizationServer,
      async close() {
        await stop(server)
        await providers.close()
        storage.close()
      },
    }
  } catch (error) {
    storage.close()
    throw error
  }
}

/** A secret for this start alone. */
export function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** One secret to set is enough, and still no key serves two purposes. */
function deriveTokenSecret(sessionSecret: string): string {
  const key = hkdfSync('sha256', sessionSecret, '', 'the example app’s token secret', 32)
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

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  await promisify(server.close.bind(server))()
}

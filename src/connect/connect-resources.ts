import type { Request, Router } from 'express'
import { createTransport } from '../client/transport.js'
import { ConfigurationError, LoginRequiredError } from '../errors/errors.js'
import { partsOf } from '../grants/grants.js'
import type { GrantJobs } from '../grants/strategy-jobs.js'
import { systemClock } from '../lib/clock.js'
import type { LoginRequest } from '../lib/login-request.js'
import { isRequest, requireAccount } from '../options/holder.js'
import { readTable } from '../options/option-table.js'
import { createAccountOf } from '../passport/account-of.js'
import { createJobs } from './connect-jobs.js'
import { CONNECT_OPTIONS } from './connect-options.js'
import type { ConnectOptions } from './connect-options.js'
import { createConnecting } from './connecting.js'
import { callbackURLsOf } from './callback-urls.js'
import { createChooseClient } from './choose-client.js'
import { registerClient } from './client-registration.js'
import { createStoredConnections } from './connections.js'
import { createConnectRouter } from './connect-router.js'
import { createDisconnect } from './disconnect.js'
import { createFairShare } from './fair-share.js'
import { createFetchFor } from './fetch-for.js'
import type { ConnectedFetch } from './fetch-for.js'
import { isForgottenClient } from './forgotten-client.js'
import { createGuardedAgent } from './guarded-agent.js'
import { listed } from './listed-connection.js'
import type { ListedConnection } from './listed-connection.js'
import { createPlanning } from './plan.js'
import { providerOf } from './authorization-server.js'
import { ownNotes } from './own-notes.js'
import { createRegistrations } from './registrations.js'
import { readResourceAddress } from './resource-address.js'
import { jobsKey, refuseSharedName } from './shared-name.js'
import { createStartedNotes } from './started-notes.js'
import { createTargets } from './targets.js'
import { createWantedNotes } from './wanted-notes.js'

/** Whose connections are meant: those of who is logged in on a request, or, without one, of a person. */
export type ConnectionHolder = LoginRequest | { readonly account: string | number }

/** What people connect by address, and how it is called. */
export interface Connections {
  /**
   * The routes, for where `callbackURL` leads. They need express-session and `passport.session()` before them, and nothing
   * else: `GET /client/…` must be open to everybody.
   *
   * | route | what it does |
   * |---|---|
   * | `GET /login?resource=…` | finds out how the resource is connected, and asks the person |
   * | `POST /login?resource=…` | sends the person to its authorization server; only from a page of this origin |
   * | `GET /callback`, `POST /callback` | finishes it |
   * | `POST /disconnect` | ends the connection to the `resource` of the form; only from a page of this origin |
   * | `GET /client/…` | this application's Client ID Metadata Document |
   */
  readonly router: Router
  /**
   * A `fetch` that sends the access token of the connection that covers the address, for requests and for jobs. However many
   * calls there are, in however many processes, a token is refreshed once. To an address that is not connected, it sends no
   * token. Redirects are not followed.
   *
   * The `fetch` throws a {@link ConnectionRequiredError} if the person has to connect the resource, a {@link NotConnectableError}
   * if the address cannot be used at all, and what `strategy.fetch` throws.
   *
   * @example
   * ```ts
   * const fetch = connections.fetchFor({ account: user.id })
   * const answer = await fetch('https://api.partner.example/report')
   * ```
   *
   * @throws {LoginRequiredError} if nobody is logged in on the request
   */
  readonly fetchFor: (holder: ConnectionHolder) => ConnectedFetch
  /** A person's connections, the newest first. @throws {StorageError} */
  readonly list: (holder: ConnectionHolder) => Promise<readonly ListedConnection[]>
  /**
   * Ends a connection: its tokens are revoked, if the authorization server can do that.
   *
   * @param address any address of the resource
   * @returns whether there was one
   * @throws {StorageError}
   */
  readonly disconnect: (holder: ConnectionHolder, address: string) => Promise<boolean>
  /** For a graceful stop, as `strategy.idle`. */
  readonly idle: (options?: { readonly timeoutMs?: number }) => Promise<number>
}

/**
 * Connects resources by their address alone, such as MCP servers and partners' APIs: finds the authorization server, registers
 * this application there, logs the person in, and keeps what they granted alive for requests and for jobs.
 *
 * The addresses come from people, and what they lead to is not trusted: HTTPS only, no redirects, no address of this machine or a
 * private network, whatever names resolve to.
 *
 * @example
 * ```ts
 * import type { Grants } from 'passport-authorization-code'
 * import { connectResources } from 'passport-authorization-code/connect'
 *
 * declare const grants: Grants
 *
 * const connections = connectResources({
 *   grants,
 *   callbackURL: 'https://your-app.com/connect/callback',
 *   client: { client_name: 'Your app', client_uri: 'https://your-app.com' },
 *   loginPath: '/auth/login',
 * })
 * app.use('/connect', connections.router)
 * ```
 *
 * @throws {ConfigurationError} naming the option that is missing, unknown or cannot be used
 * @see [RFC 9728 - OAuth 2.0 Protected Resource Metadata](https://www.rfc-editor.org/rfc/rfc9728.html)
 * @see [RFC 7591 - OAuth 2.0 Dynamic Client Registration Protocol](https://www.rfc-editor.org/rfc/rfc7591.html)
 * @see [RFC 8707 - Resource Indicators for OAuth 2.0](https://www.rfc-editor.org/rfc/rfc8707.html)
 */
export function connectResources(options: ConnectOptions): Connections {
  const settings = readTable(
    CONNECT_OPTIONS,
    options,
    "connectResources({ grants, callbackURL, client: { client_name: 'Your app' } })",
  )
  const clock = systemClock
  const { notes: all, strategies } = partsOf(settings.grants)
  if (all === undefined) {
    throw new ConfigurationError('grants needs a secret, to seal what is stored.', 'grants')
  }
  refuseSharedName(settings, strategies)
  const notes = ownNotes(settings.name, all)
  const urls = callbackURLsOf(settings.callbackURL)
  const allowsHttp = settings.dangerouslyAllowPrivateNetwork
  const dispatcher = allowsHttp ? undefined : createGuardedAgent()
  const limits = { timeoutMs: settings.timeoutMs, maximumConnections: MAXIMUM_CONNECTIONS }
  const metadataTransport = createTransport({
    ...limits,
    responseLimitBytes: METADATA_LIMIT_BYTES,
    dispatcher,
  })
  const { responseLimitBytes } = settings
  const transport = createTransport({ ...limits, responseLimitBytes, dispatcher })
  const accountOf = createAccountOf(settings.accountOf)

  const accountOn = (request: object): string | undefined => {
    const { user } = request as { readonly user?: object }
    return user === undefined ? undefined : accountOf(user)
  }
  const connections = createStoredConnections(notes, clock)
  const wanted = createWantedNotes(notes)
  const fairShare = createFairShare(MAXIMUM_PER_ACCOUNT)
  const planning = createPlanning({
    ...{ clock, settings, connections, wanted, fairShare },
    jobsShare: createFairShare(MAXIMUM_PER_ACCOUNT),
    transport: metadataTransport,
  })
  const targets = createTargets({
    ...{ notes, clock, settings, strategies, dispatcher, accountOn },
    async onRefused(account, target) {
      const found = (await connections.list(account)).find((one) => one.target === target)
      if (found === undefined) return
      await connections.wait(found, { reason: 'refused', since: clock.now() })
    },
    readMetadata: async (issuer) => providerOf(await planning.serverOf(issuer)),
  })
  const registrations = createRegistrations({
    notes,
    clock,
    register: (server) =>
      registerClient(server, settings.client, urls.ofServer(server.issuer), metadataTransport),
    redirectUriOf: urls.ofServer,
    isForgotten: (server, client) => isForgottenClient(server, client, metadataTransport),
  })
  const chooseClient = createChooseClient({
    ...{ settings, urls },
    register: (server, account) =>
      fairShare(account, () => registrations.clientAt(server, account)),
  })
  const connecting = createConnecting({
    ...{ clock, connections, targets, chooseClient },
    notes: createStartedNotes(notes),
    keepClient: registrations.keep,
    maximumPerAccount: settings.maximumPerAccount,
  })
  const disconnect = createDisconnect({ connections, targets })
  const fetchFor = createFetchFor({
    ...{ transport, clock, urls, connections, wanted, targets, planning, allowsHttp },
    async forgetClient(id) {
      const target = await targets.read(id)
      if (target?.client.kind === 'dynamic') {
        await registrations.forget(target.issuer, target.client.clientID)
      }
      return target?.client.kind !== 'registered'
    },
  })
  const jobs = createJobs({ targets, disconnect: disconnect.all })
  strategies.add(jobsKey(settings), jobs)

  function accountIn(holder: ConnectionHolder): string {
    if (!isRequest(holder)) {
      return requireAccount((Object(holder) as { readonly account?: unknown }).account)
    }
    return requireLoggedIn(holder)
  }

  function requireLoggedIn(request: object): string {
    const account = accountOn(request)
    if (account !== undefined) return account
    if ((request as { readonly user?: object }).user === undefined) {
      throw new LoginRequiredError('not_logged_in')
    }
    throw new ConfigurationError(
      'The user has no account id, by which their connections are found. Set accountOf to a function that returns it.',
      'accountOf',
    )
  }

  const router = createConnectRouter({
    ...{ settings, urls, planning, ...connecting },
    strategyOf: targets.strategyOf,
    disconnect: disconnect.one,
    accountOn: (req: Request) => requireLoggedIn(req),
  })

  const made: Connections = {
    router,
    fetchFor: (holder) => fetchFor(accountIn(holder)),
    async list(holder) {
      const all = await connections.list(accountIn(holder))
      return all.map((one) => listed(one, urls))
    },
    async disconnect(holder, address) {
      // Also what was connected while `dangerouslyAllowPrivateNetwork` was set: nothing is sent there.
      return disconnect.one(accountIn(holder), readResourceAddress(address, true))
    },
    idle: ({ timeoutMs = 10_000 } = {}) => targets.idle(timeoutMs),
  }
  for (const one of [made, ...(Object.values(made) as object[])]) jobsOf.set(one, jobs)
  return made
}

/** The grants hold the jobs weakly: they live as long as what was made with them, whatever of it the application keeps. */
const jobsOf = new WeakMap<object, GrantJobs>()

/** The largest metadata and registrations that are read, in **bytes**. */
const METADATA_LIMIT_BYTES = 65_536

/** How many requests to strangers are under way at once. */
const MAXIMUM_CONNECTIONS = 256

/** How many plans and registrations of one person are: each sends one request at a time. */
const MAXIMUM_PER_ACCOUNT = 4

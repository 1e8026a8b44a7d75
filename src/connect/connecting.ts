import type { Clock } from '../lib/clock.js'
import { startHandler } from '../passport/authenticate.js'
import { loginAddressOf } from './authorization-server.js'
import type { TrustedServer } from './authorization-server.js'
import type { ChosenClient } from './choose-client.js'
import type { StoredConnections } from './connections.js'
import { tooMany } from './plan.js'
import type { Plan } from './plan.js'
import type { StartedNotes } from './started-notes.js'
import type { Targets } from './targets.js'

/** Begins what was planned: resolves to the handler that sends the browser to the authorization server. */
export type StartConnection = (plan: Plan) => Promise<ReturnType<typeof startHandler>>

/**
 * Stores what the person has connected.
 *
 * @throws {NotConnectableError} if they have connected too many meanwhile
 * @throws {StorageError}
 */
export type FinishConnection = (account: string, appState: unknown) => Promise<void>

/** What {@link createConnecting} needs. */
export interface ConnectingParts {
  readonly clock: Clock
  readonly connections: StoredConnections
  readonly notes: StartedNotes
  readonly targets: Targets
  readonly maximumPerAccount: number
  readonly chooseClient: (
    server: TrustedServer,
    resource: string,
    account: string,
  ) => Promise<ChosenClient>
  /** Keeps a client that was registered dynamically: somebody has connected something with it. @throws {StorageError} */
  readonly keepClient: (issuer: string, clientID: string) => Promise<void>
}

/** What the pending login keeps: it is the application's own data of that login. */
interface AppState {
  readonly target: string
  readonly started: string
}

/** The two halves of connecting a resource. */
export function createConnecting(parts: ConnectingParts): {
  readonly start: StartConnection
  readonly finish: FinishConnection
} {
  const { clock, connections, notes, targets, chooseClient, keepClient } = parts
  return {
    async start({ account, address, resource, server, scope, challenge }) {
      const client = await chooseClient(server, resource.resource, account)
      const target = await targets.start(account, {
        resource: resource.resource,
        issuer: server.issuer,
        // What the page has shown: nobody is sent anywhere else, whatever the metadata say by now.
        authorizationURL: loginAddressOf(server).href,
        client,
        dpop: resource.dpop,
      })
      const planned = { address, name: resource.name, scope, challenge }
      const strategy = await targets.strategyOf(target)
      if (strategy === undefined) throw new Error('The target has gone that was just saved.')
      const appState: AppState = { target, started: await notes.write(account, target, planned) }
      return startHandler(strategy, {
        step: 'start',
        assignProperty: 'account',
        ...(scope.length > 0 && { scope: [...scope] }),
        // OpenID Connect Core, section 11: without it, the server leaves offline_access out.
        ...(scope.includes('offline_access') && { prompt: 'consent' }),
        appState,
      })
    },

    async finish(account, appState) {
      const { target, started } = appState as AppState
      const found = await targets.read(target)
      if (found === undefined) throw new Error('The target has gone.')
      const { resource, issuer, client } = found
      // The person has allowed it: that is kept, even if what was planned is lost.
      const planned = (await notes.read(started)) ?? { address: resource, scope: [] }
      const all = await connections.list(account)
      const before = all.find((one) => one.resource === resource)
      // Several may have been started at once.
      if (before === undefined && all.length >= parts.maximumPerAccount) {
        await (await targets.strategyOf(target))?.endGrant({ account })
        throw tooMany(all.length)
      }
      // Somebody may have erased all of the person's since this was started: what ends all has to find it.
      await targets.keep(account, target)
      if (client.kind === 'dynamic') await keepClient(issuer, client.clientID)
      // The grant of another server, or of another client there, is of no use any more.
      if (before !== undefined && before.target !== target) {
        const replaced = await targets.strategyOf(before.target)
        const was = await targets.read(before.target)
        // To revoke a token of the same client could end the new grant too.
        const isSameClient = was?.issuer === issuer && was.client.clientID === client.clientID
        await (isSameClient ? replaced?.endReplaced(account) : replaced?.endGrant({ account }))
      }
      const own = { account, resource, issuer, target }
      await connections.save({ ...planned, ...own, connectedAt: clock.now() })
    },
  }
}

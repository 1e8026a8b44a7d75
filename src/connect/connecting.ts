import type { Clock } from '../lib/clock.js'
import { startHandler } from '../passport/authenticate.js'
import type { TrustedServer } from './authorization-server.js'
import type { ChosenClient } from './choose-client.js'
import type { StoredConnections } from './connections.js'
import { tooMany } from './plan.js'
import type { Plan } from './plan.js'
import type { ResourceChallenge } from './protected-resource.js'
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
  readonly targets: Targets
  readonly maximumPerAccount: number
  readonly chooseClient: (
    server: TrustedServer,
    resource: string,
    account: string,
  ) => Promise<ChosenClient>
}

/** What the pending login keeps of the plan. It is the application's own data of that login. */
interface Started {
  readonly address: string
  readonly target: string
  readonly name?: string | undefined
  readonly scope: readonly string[]
  readonly challenge: ResourceChallenge
}

/** The two halves of connecting a resource. */
export function createConnecting(parts: ConnectingParts): {
  readonly start: StartConnection
  readonly finish: FinishConnection
} {
  const { clock, connections, targets, chooseClient, maximumPerAccount } = parts
  return {
    async start({ account, address, resource, server, scope, challenge }) {
      const client = await chooseClient(server, resource.resource, account)
      const { issuer } = server
      const wanted = { resource: resource.resource, issuer, client, dpop: resource.dpop }
      const target = await targets.start(account, wanted)
      const strategy = await targets.strategyOf(target)
      if (strategy === undefined) throw new Error('The target has gone that was just saved.')
      const started: Started = { address, target, name: resource.name, scope, challenge }
      return startHandler(strategy, {
        step: 'start',
        assignProperty: 'account',
        ...(scope.length > 0 && { scope: [...scope] }),
        // OpenID Connect Core, section 11: without it, the server leaves offline_access out.
        ...(scope.includes('offline_access') && { prompt: 'consent' }),
        appState: started,
      })
    },

    async finish(account, appState) {
      const { address, target, name, scope, challenge } = appState as Started
      const found = await targets.read(target)
      if (found === undefined) throw new Error('The target has gone.')
      const { resource, issuer } = found
      const all = await connections.list(account)
      const before = all.find((one) => one.resource === resource)
      // Several may have been started at once.
      if (before === undefined && all.length >= maximumPerAccount) {
        await (await targets.strategyOf(target))?.endGrant({ account })
        throw tooMany(all.length)
      }
      // Somebody may have erased all of the person's since this was started: what ends all has to find it.
      await targets.keep(account, target)
      // The grant of another server, or of another client there, is of no use any more.
      if (before !== undefined && before.target !== target) {
        await (await targets.strategyOf(before.target))?.endGrant({ account })
      }
      const own = { account, address, resource, issuer, name, target, scope, challenge }
      await connections.save({ ...own, connectedAt: clock.now() })
    },
  }
}

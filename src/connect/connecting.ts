import type { RequestHandler } from 'express'
import type { Clock } from '../lib/clock.js'
import { startHandler } from '../passport/authenticate.js'
import type { TrustedServer } from './authorization-server.js'
import type { ChosenClient } from './choose-client.js'
import type { StoredConnections } from './connections.js'
import type { Plan } from './plan.js'
import { idOf } from './connections.js'
import type { ResourceChallenge } from './protected-resource.js'
import type { Targets } from './targets.js'

/** Begins what was planned: resolves to the handler that sends the browser to the authorization server. */
export type StartConnection = (plan: Plan) => Promise<RequestHandler>

/** Stores what the person has connected. @throws {StorageError} */
export type FinishConnection = (account: string, appState: unknown) => Promise<void>

/** What {@link createConnecting} needs. */
export interface ConnectingParts {
  readonly clock: Clock
  readonly connections: StoredConnections
  readonly targets: Targets
  readonly chooseClient: (server: TrustedServer, account: string) => Promise<ChosenClient>
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
export function createConnecting({ clock, connections, targets, chooseClient }: ConnectingParts): {
  readonly start: StartConnection
  readonly finish: FinishConnection
} {
  return {
    async start({ account, address, resource, server, scope, challenge }) {
      const client = await chooseClient(server, account)
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
      const before = (await connections.list(account)).find(
        (one) => idOf(account, one.resource) === idOf(account, resource),
      )
      const own = { account, address, resource, issuer, name, target, scope, challenge }
      await connections.save({ ...own, connectedAt: clock.now() })
      // The grant of another server, or of another client there, is of no use any more.
      if (before !== undefined && before.target !== target) {
        const strategy = await targets.strategyOf(before.target)
        await strategy?.endGrant({ account })
      }
    },
  }
}

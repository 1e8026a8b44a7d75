import type { Grants } from 'passport-authorization-code'
import { connectResources, type Connections } from 'passport-authorization-code/connect'
import { toErrorHandler } from './errors.js'

/** What {@link createConnections} needs. */
export interface ConnectionsParts {
  readonly grants: Grants
  /** The address under which browsers reach the app. */
  readonly appURL: string
  /** The server of this example, if it is there. It is on this machine, and then others there can be connected, too. */
  readonly ownServer: string | undefined
}

/** What people connect by address, such as MCP servers. */
export function createConnections({ grants, appURL, ownServer }: ConnectionsParts): Connections {
  return connectResources({
    grants,
    callbackURL: `${appURL}/connect/callback`,
    client: { client_name: 'Example App' },
    loginPath: '/askara/login',
    successRedirect: '/servers',
    onError: toErrorHandler,
    dangerouslyAllowPrivateNetwork: ownServer !== undefined,
  })
}

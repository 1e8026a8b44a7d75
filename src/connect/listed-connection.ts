import type { ConnectionRequiredReason } from '../errors/connection-errors.js'
import type { CallbackURLs } from './callback-urls.js'
import type { StoredConnection } from './connections.js'

/** One of a person's connections, without its tokens. What the server has written, such as `name`, is plain text: escape it. */
export interface ListedConnection {
  /** The address that the person has entered. */
  readonly address: string
  /** The resource's identifier. The connection is for all addresses below it. */
  readonly resource: string
  /** The authorization server. */
  readonly issuer: string
  /** What the resource calls itself. Left out if it has no name. */
  readonly name?: string
  /** What was asked for. */
  readonly scope: readonly string[]
  /** When the person connected it, the last time, in **milliseconds since the epoch**. */
  readonly connectedAt: number
  /** Why the person has to connect it again, and where. Left out while it gives access, as far as is known. */
  readonly waiting?: {
    readonly reason: ConnectionRequiredReason
    /** What the resource wants in addition. */
    readonly scope?: readonly string[]
    readonly connectURL: string
    /** Since when, in **milliseconds since the epoch**. */
    readonly since: number
  }
}

/** What the application sees of a connection. */
export function listed(
  { address, resource, issuer, name, scope, connectedAt, waiting }: StoredConnection,
  urls: CallbackURLs,
): ListedConnection {
  return {
    address,
    resource,
    issuer,
    ...(name !== undefined && { name }),
    scope,
    connectedAt,
    ...(waiting !== undefined && {
      waiting: {
        reason: waiting.reason,
        ...(waiting.challenge?.scope !== undefined && { scope: waiting.challenge.scope }),
        connectURL: urls.connect(address),
        since: waiting.since,
      },
    }),
  }
}

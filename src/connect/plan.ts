import type { Transport } from '../client/transport.js'
import { NotConnectableError } from '../errors/connection-errors.js'
import type { Clock } from '../lib/clock.js'
import { shortDigest } from '../lib/short-digest.js'
import {
  isLoginElsewhere,
  loginAddressOf,
  readAuthorizationServer,
  refuseWithoutPkce,
  saysWhoItIs,
  scopesOfferedBy,
} from './authorization-server.js'
import type { TrustedServer } from './authorization-server.js'
import { registeredClient } from './choose-client.js'
import type { ConnectSettings } from './connect-options.js'
import type { StoredConnection, StoredConnections } from './connections.js'
import { askForChallenge, readProtectedResource } from './protected-resource.js'
import type { ProtectedResource, ResourceChallenge } from './protected-resource.js'
import type { FairShare } from './fair-share.js'
import { createRemember } from './remember.js'
import { unionOf } from './scope-names.js'
import type { WantedNotes } from './wanted-notes.js'

/** What a person is asked about before they connect a resource, and what the login then asks for. */
export interface Plan {
  /** Who connects it. */
  readonly account: string
  /** What the person has entered, as a browser would write it. */
  readonly address: string
  readonly resource: ProtectedResource
  readonly server: TrustedServer
  readonly challenge: ResourceChallenge
  readonly scope: readonly string[]
  /** The connection that there is already. */
  readonly present: StoredConnection | undefined
}

/** Finds out how a resource is connected. */
export interface Planning {
  /**
   * @throws {NotConnectableError} if it cannot be connected
   * @throws {DiscoveryError} if a server cannot be reached, or fails
   * @throws {StorageError}
   */
  readonly plan: (account: string, address: URL) => Promise<Plan>
  /** The issuers that a resource of a person trusts now; `undefined` if that cannot be found out. */
  readonly issuersOf: (
    account: string,
    address: URL,
    challenge: ResourceChallenge,
  ) => Promise<readonly string[] | undefined>
  /** The metadata of an authorization server. @throws as `plan` does */
  readonly serverOf: (issuer: string) => Promise<TrustedServer>
}

/** What {@link createPlanning} needs. */
export interface PlanningParts {
  readonly transport: Transport
  readonly clock: Clock
  readonly settings: Pick<
    ConnectSettings,
    'callbackURL' | 'loginOrigins' | 'maximumPerAccount' | 'registeredClients'
  >
  readonly connections: StoredConnections
  readonly wanted: WantedNotes
  readonly fairShare: FairShare
  /** What jobs find out must not keep the person from connecting something. */
  readonly jobsShare: FairShare
}

/** How long metadata are used without reading them again, in **milliseconds**: while a person reads the page that asks. */
const KNOWN_MS = 60_000

/** The same, while a resource refuses all requests of a job, one after the other. */
const REFUSING_MS = 5_000

/** Of how many resources and servers. */
const MAXIMUM_KNOWN = 200

/** The scope that brings a refresh token. */
const OFFLINE = 'offline_access'

/** Creates {@link Planning}. */
export function createPlanning(parts: PlanningParts): Planning {
  const { transport, clock, settings, connections, wanted, fairShare, jobsShare } = parts
  const rememberServer = createRemember<TrustedServer>(clock, KNOWN_MS, MAXIMUM_KNOWN)
  const rememberResource = createRemember<ProtectedResource>(clock, KNOWN_MS, MAXIMUM_KNOWN)
  const rememberRefusing = createRemember<ProtectedResource>(clock, REFUSING_MS, MAXIMUM_KNOWN)

  const serverOf = (issuer: string): Promise<TrustedServer> =>
    rememberServer(issuer, () => readAuthorizationServer(issuer, transport))

  /** What the resource says now, and what it has said when it last refused a request. */
  async function challengeOf(
    account: string,
    address: URL,
    present: StoredConnection | undefined,
  ): Promise<ResourceChallenge> {
    const noted =
      present === undefined
        ? await wanted.read(account, address.href)
        : { ...present.challenge, ...present.waiting?.challenge }
    const asked = await askForChallenge(address, transport)
    // Where its metadata are, and which tokens it takes, may have changed since. Which scope it wants for a request, only that
    // request has found out.
    const { metadataURL = noted?.metadataURL, dpop } = asked ?? noted ?? {}
    const { scope = asked?.scope } = noted ?? {}
    return {
      ...(metadataURL !== undefined && { metadataURL }),
      ...(scope !== undefined && { scope }),
      ...(dpop !== undefined && { dpop }),
    }
  }

  /** The server that this application is registered at beforehand, else the first. */
  async function trustedServer({ issuers, resource }: ProtectedResource): Promise<TrustedServer> {
    const [first = ''] = issuers
    let known: string | undefined
    for (const issuer of issuers) {
      if ((await registeredClient(issuer, resource, settings)) === undefined) continue
      known = issuer
      break
    }
    const server = await serverOf(known ?? first)
    refuseWithoutPkce(server)
    refuseUntrusted(server, resource, settings)
    if (known === undefined) refuseLoginElsewhere(server, settings)
    return server
  }

  async function makePlan(account: string, address: URL): Promise<Plan> {
    const all = await connections.list(account)
    // It has just been read.
    const covering = await connections.find(account, address)
    const challenge = await challengeOf(account, address, covering)
    // What a resource has said since it was read last may be news.
    const key = JSON.stringify([address.href, challenge, covering?.waiting?.since])
    const resource = await rememberResource(key, () =>
      readProtectedResource(address, challenge, transport),
    )
    const server = await trustedServer(resource)
    const present = all.find((one) => one.resource === resource.resource)
    if (present === undefined && all.length >= settings.maximumPerAccount) {
      throw tooMany(all.length)
    }
    const earlier = present?.issuer === server.issuer ? present.scope : undefined
    const scope = unionOf(earlier, challenge.scope ?? resource.scopesSupported)
    const isOffered = scope.length > 0 && scopesOfferedBy(server).includes(OFFLINE)
    return {
      account,
      address: address.href,
      resource,
      server,
      challenge,
      scope: isOffered ? unionOf(scope, [OFFLINE]) : scope,
      present,
    }
  }

  return {
    serverOf,

    plan: (account, address) => fairShare(account, () => makePlan(account, address)),

    async issuersOf(account, address, challenge) {
      // A resource can name another address of its metadata each time: that is not looked at more often.
      const key = JSON.stringify([account, address.href])
      const read = (): Promise<ProtectedResource> =>
        readProtectedResource(address, challenge, transport)
      try {
        return (await rememberRefusing(key, () => jobsShare(account, read))).issuers
      } catch {
        return undefined
      }
    },
  }
}

/**
 * @throws {NotConnectableError} if the server does not know the resource, or sends people to this application itself: what the
 *   browser then asks for would look as if a page of ours had asked for it
 * @see [RFC 9728, section 4 - Authorization Server Metadata](https://www.rfc-editor.org/rfc/rfc9728.html#section-4)
 */
function refuseUntrusted(
  server: TrustedServer,
  resource: string,
  { callbackURL }: Pick<ConnectSettings, 'callbackURL'>,
): void {
  const { protected_resources: known } = server.metadata
  if (known?.includes(resource) === false) {
    throw new NotConnectableError(
      'other_resource',
      `The authorization server ${server.issuer} does not list ${resource} among its resources.`,
    )
  }
  if (loginAddressOf(server).origin === new URL(callbackURL).origin) {
    throw new NotConnectableError(
      'other_issuer',
      `The authorization server ${server.issuer} sends people to an address of this application.`,
    )
  }
}

/**
 * @throws {NotConnectableError} if the server sends people to another origin to log in, and does not say in its answers who it is:
 *   it could send them to an honest server, and get the code that is issued there (mix-up)
 * @see [RFC 9207, section 1 - Introduction](https://www.rfc-editor.org/rfc/rfc9207.html#section-1)
 */
function refuseLoginElsewhere(
  server: TrustedServer,
  settings: Pick<ConnectSettings, 'loginOrigins'>,
): void {
  const { issuer } = server
  const { href, host } = loginAddressOf(server)
  if (saysWhoItIs(server) || !isLoginElsewhere(href, issuer, settings)) return
  throw new NotConnectableError(
    'other_issuer',
    `The authorization server ${issuer} sends people to ${host} to log in, and its answers do not say whose they are (iss, RFC 9207). If both belong together, whoever runs this application can name the one in loginOrigins.`,
  )
}

/** The error for a person who has connected so many resources. */
export function tooMany(count: number): NotConnectableError {
  return new NotConnectableError(
    'too_many',
    `You have connected ${count} servers, and that is as many as there may be. Disconnect one first.`,
  )
}

/** Identifies what the page that asks has shown: a login that would ask for anything else is asked about again. */
export function shownIn({ resource, server, scope }: Plan): string {
  const { origin } = loginAddressOf(server)
  return shortDigest(JSON.stringify([resource.resource, server.issuer, origin, scope]))
}

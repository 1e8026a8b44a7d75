import { isSameIssuer, normalIssuer, saysWhoItIs } from './authorization-server.js'
import type { TrustedServer } from './authorization-server.js'
import type { CallbackURLs } from './callback-urls.js'
import type { DynamicAuthentication, DynamicClient } from './client-registration.js'
import type { ConnectSettings, RegisteredClient } from './connect-options.js'
import { isWithin } from './resource-address.js'

/** The client that this application is at an authorization server. */
export interface ChosenClient {
  /** How it came to its id. */
  readonly kind: 'registered' | 'document' | 'dynamic'
  readonly clientID: string
  /** Of a client that was registered dynamically. Those of other clients are in the options. */
  readonly clientSecret?: string
  /** Left out for a client that was registered beforehand: what the server supports says it. */
  readonly clientAuthentication?: DynamicAuthentication
  readonly redirectUri: string
}

/** What {@link createChooseClient} needs. */
export interface ChooseClientParts {
  readonly settings: Pick<
    ConnectSettings,
    'registeredClients' | 'clientMetadataURL' | 'dangerouslyShareCallback'
  >
  readonly urls: CallbackURLs
  /** The client that is registered dynamically. */
  readonly register: (server: TrustedServer, account: string) => Promise<DynamicClient>
}

/** Finds the client that was registered beforehand, if it is for this resource. */
export async function registeredClient(
  issuer: string,
  resource: string,
  { registeredClients: clients }: Pick<ConnectSettings, 'registeredClients'>,
): Promise<RegisteredClient | undefined> {
  const asked = normalIssuer(issuer)
  if (asked === undefined) return undefined
  const known =
    typeof clients === 'function'
      ? await clients(asked)
      : Object.entries(clients).find(([one]) => isSameIssuer(one, asked))?.[1]
  const address = new URL(resource)
  const isFor = known?.resources.some((one) => isWithin(address, new URL(one)))
  return isFor === true ? known : undefined
}

/**
 * Creates the function that chooses the client at a server: one that was registered beforehand, else a Client ID Metadata
 * Document, else dynamic registration.
 *
 * A document is a client at any server that reads it. So it is used only with those that say in each response who they are, or that
 * the application has named: otherwise one could get the code of another (mix-up).
 */
export function createChooseClient({ settings, urls, register }: ChooseClientParts) {
  return async (
    server: TrustedServer,
    resource: string,
    account: string,
  ): Promise<ChosenClient> => {
    const { issuer } = server
    const known = await registeredClient(issuer, resource, settings)
    if (known !== undefined) {
      return { kind: 'registered', clientID: known.clientID, redirectUri: urls.shared }
    }
    const document = documentFor(server)
    if (document !== undefined) {
      return { kind: 'document', clientAuthentication: 'none', ...document }
    }
    const { clientID, clientSecret, clientAuthentication } = await register(server, account)
    return {
      kind: 'dynamic',
      clientID,
      clientAuthentication,
      ...(clientSecret !== undefined && { clientSecret }),
      redirectUri: urls.ofServer(issuer),
    }
  }

  function documentFor(
    server: TrustedServer,
  ): Pick<ChosenClient, 'clientID' | 'redirectUri'> | undefined {
    const { issuer, metadata } = server
    const { clientMetadataURL: hosted, dangerouslyShareCallback } = settings
    if (metadata.client_id_metadata_document_supported !== true) return undefined
    if (!saysWhoItIs(server) && !dangerouslyShareCallback) return undefined
    if (hosted !== undefined) return { clientID: hosted, redirectUri: urls.shared }
    const clientID = urls.documentOf(issuer)
    return clientID === undefined ? undefined : { clientID, redirectUri: urls.ofServer(issuer) }
  }
}

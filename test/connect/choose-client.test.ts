import { describe, expect, it } from '@jest/globals'
import type { TrustedServer } from '../../src/connect/authorization-server.js'
import { callbackURLsOf } from '../../src/connect/callback-urls.js'
import { createChooseClient, registeredClient } from '../../src/connect/choose-client.js'
import type { ChooseClientParts, ChosenClient } from '../../src/connect/choose-client.js'
import type { DynamicClient } from '../../src/connect/client-registration.js'
import type { ServerMetadata } from '../../src/connect/server-metadata.js'
import { trustedServer } from '../support/trusted-server.js'

const ISSUER = 'https://as.example'
const CALLBACK = 'https://app.example/connect/callback'
const HOSTED = 'https://app.example/client.json'

const DOCUMENTS = { client_id_metadata_document_supported: true } as const
const SAYS_ISS = { authorization_response_iss_parameter_supported: true } as const

type Choose = (server: TrustedServer, resource: string, account: string) => Promise<ChosenClient>

const RESOURCE = 'https://api.example/v1'

interface Given {
  readonly settings?: Partial<ChooseClientParts['settings']>
  readonly metadata?: Partial<ServerMetadata>
  readonly callbackURL?: string
  readonly resource?: string
  readonly dynamic?: DynamicClient
}

/** The client that is chosen, and how often one was registered for it. */
async function choose(given: Given = {}) {
  const { settings, metadata = {}, callbackURL = CALLBACK, resource = RESOURCE } = given
  const { dynamic = { clientID: 'dynamic', clientAuthentication: 'none' } } = given
  const registered: string[] = []
  const chooseClient: Choose = createChooseClient({
    settings: {
      registeredClients: {},
      clientMetadataURL: undefined,
      dangerouslyShareCallback: false,
      ...settings,
    },
    urls: callbackURLsOf(callbackURL),
    register: ({ issuer }) => {
      registered.push(issuer)
      return Promise.resolve(dynamic)
    },
  })
  return {
    client: await chooseClient(trustedServer(ISSUER, metadata), resource, 'ada'),
    registered,
  }
}

const own = callbackURLsOf(CALLBACK)

describe('the client at a server', () => {
  it('is the one that was registered beforehand, before all others', async () => {
    const { client, registered } = await choose({
      settings: {
        registeredClients: {
          [ISSUER]: { clientID: 'known', clientSecret: 's', resources: [RESOURCE] },
        },
        clientMetadataURL: HOSTED,
      },
      metadata: { ...DOCUMENTS, ...SAYS_ISS },
    })
    // The secret stays in the options.
    expect(client).toEqual({ kind: 'registered', clientID: 'known', redirectUri: CALLBACK })
    expect(registered).toEqual([])
  })

  it('is else this application’s document, where the server reads such, with a callback of its own', async () => {
    const { client, registered } = await choose({ metadata: { ...DOCUMENTS, ...SAYS_ISS } })
    expect(client).toEqual({
      kind: 'document',
      clientID: own.documentOf(ISSUER),
      clientAuthentication: 'none',
      redirectUri: own.ofServer(ISSUER),
    })
    expect(registered).toEqual([])
  })

  it.each<[string, Given]>([
    ['reads no documents', { metadata: SAYS_ISS }],
    ['does not say in each response who it is', { metadata: DOCUMENTS }],
    [
      'cannot read ours',
      {
        metadata: { ...DOCUMENTS, ...SAYS_ISS },
        callbackURL: 'http://localhost:3000/connect/callback',
      },
    ],
  ])('is else registered, if the server %s', async (_, given) => {
    const { client, registered } = await choose(given)
    expect(client).toEqual({
      kind: 'dynamic',
      clientID: 'dynamic',
      clientAuthentication: 'none',
      redirectUri: callbackURLsOf(given.callbackURL ?? CALLBACK).ofServer(ISSUER),
    })
    expect(registered).toEqual([ISSUER])
  })

  it('keeps the secret of a client that was registered', async () => {
    const dynamic = {
      ...{ clientID: 'dynamic', clientSecret: 's', expiresAt: 5 },
      clientAuthentication: 'client_secret_basic',
    } as const
    const { client } = await choose({ dynamic })
    expect(client).toMatchObject({ clientSecret: 's', clientAuthentication: 'client_secret_basic' })
  })
})

describe('a document that is hosted elsewhere, whose callback all servers share', () => {
  const settings = { clientMetadataURL: HOSTED }

  it('is used with a server that says in each response who it is', async () => {
    const { client } = await choose({ settings, metadata: { ...DOCUMENTS, ...SAYS_ISS } })
    expect(client).toMatchObject({ kind: 'document', clientID: HOSTED, redirectUri: CALLBACK })
  })

  it.each<[Partial<ServerMetadata>]>([[DOCUMENTS], [SAYS_ISS]])(
    'is not used with a server whose metadata say %j [choose-client-1]',
    async (metadata) => {
      const { client, registered } = await choose({ settings, metadata })
      expect(client).toMatchObject({ kind: 'dynamic', redirectUri: own.ofServer(ISSUER) })
      expect(registered).toEqual([ISSUER])
    },
  )

  it('is used without iss only if the application accepts the danger', async () => {
    const dangerous = { ...settings, dangerouslyShareCallback: true }
    const { client } = await choose({ settings: dangerous, metadata: DOCUMENTS })
    expect(client).toMatchObject({ clientID: HOSTED, redirectUri: CALLBACK })
    const { client: other } = await choose({ settings: dangerous })
    expect(other).toMatchObject({ kind: 'dynamic' })
  })
})

describe('a client that was registered beforehand', () => {
  it('is for the resources that it names, and for no other that names its authorization server', async () => {
    const known = { clientID: 'known', resources: [RESOURCE, 'https://other.example'] }
    const settings = { registeredClients: { [ISSUER]: known } }
    for (const resource of [RESOURCE, `${RESOURCE}/users`, 'https://other.example/any']) {
      expect((await choose({ settings, resource })).client.kind).toBe('registered')
    }
    for (const resource of [
      'https://evil.example/v1',
      'https://api.example/v12',
      'https://api.example',
    ]) {
      expect((await choose({ settings, resource })).client.kind).toBe('dynamic')
    }
  })

  it('is found by its issuer, with and without a slash, and by no name that every object has', async () => {
    const known = { clientID: 'known', resources: [RESOURCE] }
    const registeredClients = { [ISSUER]: known }
    expect(await registeredClient(ISSUER, RESOURCE, { registeredClients })).toEqual(known)
    expect(await registeredClient(`${ISSUER}/`, RESOURCE, { registeredClients })).toEqual(known)
    for (const issuer of [`${ISSUER}/x`, 'constructor', '__proto__', 'toString']) {
      expect(await registeredClient(issuer, RESOURCE, { registeredClients })).toBeUndefined()
    }
  })

  it('is asked of a function only for addresses, as a browser would write them', async () => {
    const asked: string[] = []
    const registeredClients = (issuer: string) => void asked.push(issuer)
    const hostile = [
      'https://evil.example/\nFATAL',
      "x'; DROP TABLE",
      'https://AS.example:443/',
      '',
    ]
    for (const issuer of [...hostile, `https://as.example/${'x'.repeat(3_000)}`]) {
      await registeredClient(issuer, RESOURCE, { registeredClients })
    }
    expect(asked).toEqual(['https://evil.example/FATAL', 'https://as.example'])
  })

  it('can be found by a function', async () => {
    const registeredClients = (issuer: string) =>
      Promise.resolve({ clientID: `at ${issuer}`, resources: [RESOURCE] })
    expect(await registeredClient(ISSUER, RESOURCE, { registeredClients })).toEqual({
      clientID: `at ${ISSUER}`,
      resources: [RESOURCE],
    })
  })
})

import { describe, expect, it } from '@jest/globals'
import { CONNECT_OPTIONS } from '../../src/connect/connect-options.js'
import { optionsOfTarget } from '../../src/connect/target-options.js'
import type { Target } from '../../src/connect/target-options.js'
import { MemoryGrants } from '../../src/index.js'
import { readTable } from '../../src/options/option-table.js'

const CALLBACK = 'https://your-app.com/connect/callback'
const DOCUMENT = 'https://your-app.com/client.json'

/** The options of the strategy of a target whose client is such. */
function optionsWith(
  client: Partial<Target['client']>,
  { dangerouslyShareCallback = false, authorizationURL = 'https://as.example/authorize' } = {},
) {
  const settings = readTable(
    CONNECT_OPTIONS,
    {
      grants: new MemoryGrants(),
      callbackURL: CALLBACK,
      client: { client_name: 'Your app' },
      clientMetadataURL: DOCUMENT,
      dangerouslyShareCallback,
    },
    'connectResources({ … })',
  )
  const target: Target = {
    resource: 'https://api.example',
    issuer: 'https://as.example',
    authorizationURL,
    client: { kind: 'document', clientID: DOCUMENT, redirectUri: CALLBACK, ...client },
    isKept: true,
    writtenAt: 0,
  }
  return optionsOfTarget('target-1', target, {
    settings,
    dispatcher: undefined,
    readMetadata: () => Promise.reject(new Error('not asked')),
    onRefused: () => Promise.resolve(),
  })
}

const SAYS_WHO = { authorizationResponseIssParameterSupported: true }

describe('a server that takes a metadata document', () => {
  it('must say in each answer who it is, whatever its metadata say later', async () => {
    expect(await optionsWith({})).toMatchObject(SAYS_WHO)
    expect(await optionsWith({ redirectUri: `${CALLBACK}/own` })).toMatchObject(SAYS_WHO)
  })

  it('need not if the application has allowed it', async () => {
    expect(await optionsWith({}, { dangerouslyShareCallback: true })).not.toMatchObject(SAYS_WHO)
  })
})

describe('a server that sends people to another origin to log in', () => {
  const elsewhere = { authorizationURL: 'https://login.example/authorize' }
  const own = { redirectUri: `${CALLBACK}/own` }

  it('must say in each answer who it is: the codes could be another server’s [target-options-1]', async () => {
    expect(await optionsWith({ ...own, kind: 'dynamic' }, elsewhere)).toMatchObject(SAYS_WHO)
    expect(await optionsWith({ ...own, kind: 'dynamic' })).not.toMatchObject(SAYS_WHO)
  })

  it('need not if this application was registered there beforehand', async () => {
    expect(await optionsWith({ kind: 'registered' }, elsewhere)).not.toMatchObject(SAYS_WHO)
  })
})

describe('where people log in', () => {
  it('is what the target was made of, whatever the metadata say', async () => {
    expect(await optionsWith({})).toMatchObject({
      authorizationURL: 'https://as.example/authorize',
    })
  })
})

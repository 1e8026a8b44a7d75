import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { loadOptions } from '../../src/cli/setup.js'
import { STRATEGY_SETTINGS } from '../../src/cli/settings.js'
import * as library from '../../src/index.js'
import { readOptions } from '../../src/options/read-options.js'

const CLIENT = {
  CLIENT_ID: 'client-1',
  CLIENT_SECRET: 'a-secret',
  CALLBACK_URL: 'https://app.example/auth/callback',
}

const pem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string

describe('PROVIDER', () => {
  it.each<[string, Record<string, string>, string]>([
    ['apple', { PROVIDER_ADDRESS: 'TEAM', KEY_ID: 'K', PRIVATE_KEY: pem() }, 'appleid.apple.com'],
    ['askara', {}, 'api.askara.ai'],
    ['auth0', { PROVIDER_ADDRESS: 'you.auth0.com' }, 'you.auth0.com'],
    ['discord', {}, 'discord.com'],
    ['github', {}, 'github.com'],
    ['gitlab', {}, 'gitlab.com'],
    ['gitlab', { PROVIDER_ADDRESS: 'https://git.example.com' }, 'git.example.com'],
    ['google', {}, 'oauth2.googleapis.com'],
    ['jiko', { PRIVATE_KEY: pem() }, 'auth.jiko.io'],
    ['keycloak', { PROVIDER_ADDRESS: 'https://sso.example.com/realms/a' }, 'sso.example.com'],
    ['linkedin', {}, 'www.linkedin.com'],
    ['microsoft', { PROVIDER_ADDRESS: 'common' }, 'login.microsoftonline.com'],
    ['okta', { PROVIDER_ADDRESS: 'https://you.okta.com/oauth2/default' }, 'you.okta.com'],
    ['salesforce', {}, 'login.salesforce.com'],
    ['slack', {}, 'slack.com'],
  ])('%s %j', async (PROVIDER, more, host) => {
    const options = await loadOptions({ ...CLIENT, PROVIDER, ...more })
    const { clientID, tokenURL } = readOptions(options)
    expect([new URL(tokenURL).host, clientID]).toEqual([host, 'client-1'])
  })

  it('knows every provider that the package has', async () => {
    const message = await loadOptions({ PROVIDER: 'none' }).catch(String)
    const presets = Object.entries(library).filter(([name, value]) => {
      if (name === 'apple') return true
      if (typeof value === 'object') return 'tokenURL' in value
      return ['auth0', 'gitlab', 'keycloak', 'microsoft', 'okta', 'salesforce'].includes(name)
    })
    expect(presets.length).toBeGreaterThanOrEqual(14)
    for (const [name] of presets) expect(message).toContain(name)
  })

  it('says what is missing', async () => {
    await expect(loadOptions({ PROVIDER: 'auth0' })).rejects.toThrow(/domain|issuer/)
    await expect(loadOptions({ ...CLIENT, PROVIDER: 'apple' })).rejects.toThrow(
      'privateKey is missing',
    )
  })
})

describe('the other options', () => {
  const load = (more: Record<string, string>) =>
    loadOptions({ ...CLIENT, PROVIDER: 'askara', ...more })

  it('are text, numbers, flags, lists and objects, as each needs', async () => {
    const options = await load({
      CLIENT_ID: '12345',
      TIMEOUT_MS: '5000',
      MAXIMUM_CONNECTIONS: '4',
      OMIT_REDIRECT_URI_IN_TOKEN_REQUEST: 'false',
      RENEW_IN_BACKGROUND: 'false',
      RESOURCE: '["https://api.example.com"]',
      AUTHORIZATION_PARAMETERS: '{"audience":"api"}',
      STRATEGY_NAME: 'mine',
      NAME: 'the-name-of-the-machine',
    })
    expect(readOptions(options)).toMatchObject({
      clientID: '12345',
      timeoutMs: 5000,
      maximumConnections: 4,
      omitRedirectUriInTokenRequest: false,
      renewInBackground: false,
      resource: ['https://api.example.com'],
      authorizationParameters: { audience: 'api' },
      name: 'mine',
    })
  })

  it('are refused as the strategy refuses them', async () => {
    const options = await load({ TIMEOUT_MS: 'soon' })
    expect(() => readOptions(options)).toThrow('timeoutMs must be a whole number')
  })

  it('take keys as text, from a file, and as JSON', async () => {
    const key = pem()
    expect(await load({ DPOP_KEY: key })).toMatchObject({ dpopKey: key })
    expect(await load({ DPOP_KEY: '{"kty":"EC"}' })).toMatchObject({ dpopKey: { kty: 'EC' } })
    await expect(load({ DPOP_KEY: '/no/such/file' })).rejects.toThrow('file')
  })

  it('are no arguments if they are secret', () => {
    const secret = Object.entries(STRATEGY_SETTINGS).filter(([, one]) => one.argument === undefined)
    expect(secret.map(([name]) => name).sort()).toEqual([
      'clientSecret',
      'decryptionKeys',
      'dpopKey',
      'privateKey',
      'tokenSecret',
    ])
  })
})

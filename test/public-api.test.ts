import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import * as api from '../src/index.js'

describe('the package', () => {
  it('exports these values and no others', () => {
    expect(Object.keys(api).sort()).toEqual([
      'AuthorizationCodeError',
      'AuthorizationCodeStrategy',
      'AuthorizationResponseError',
      'ConfigurationError',
      'CrossSiteRequestError',
      'DiscoveryError',
      'LoginRequiredError',
      'MemoryLedger',
      'PendingLoginError',
      'ProfileError',
      'ProviderError',
      'StorageError',
      'TokenEndpointError',
      'askara',
      'authRouter',
      'discover',
      'jiko',
      'requireLogin',
    ])
  })

  it('exports these types and no others', async () => {
    const index = await readFile(new URL('../src/index.ts', import.meta.url), 'utf8')
    const lists = [...index.matchAll(/export type \{([^}]*)\}/g)].map(([, names = '']) => names)
    const types = lists.flatMap((names) => names.split(',').map((name) => name.trim()))

    expect(types.filter((name) => name !== '').sort()).toEqual([
      'AuthRouterOptions',
      'AuthorizationCodeFlowError',
      'AuthorizationCodeOptions',
      'ClientAssertionAlgorithm',
      'ClientAssertionAudience',
      'ClientAuthenticationMethod',
      'DefaultUser',
      'DiscoverOptions',
      'DiscoveredProvider',
      'ErrorCode',
      'FailureInfo',
      'Fault',
      'Ledger',
      'LoginInfo',
      'LoginOptions',
      'LoginRequest',
      'LoginRequiredReason',
      'LoginSession',
      'OAuthErrorFacts',
      'Parameters',
      'ParsedProfile',
      'PendingLogin',
      'PendingLoginErrorCode',
      'PendingLoginStore',
      'PrivateKey',
      'Profile',
      'ProviderErrorFacts',
      'ProviderOptions',
      'RequireLoginOptions',
      'TakenLogin',
      'TokenSet',
      'VerifiedLogin',
      'Verify',
    ])
  })

  it('has nothing in its index but lists of exports', async () => {
    const index = await readFile(new URL('../src/index.ts', import.meta.url), 'utf8')
    const rest = index.replaceAll(/export (?:type )?\{[^}]*\} from '\.\/[\w/-]+\.js'/g, '')
    expect(rest.trim()).toBe('')
  })
})

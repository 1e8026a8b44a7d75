import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import * as connect from '../../src/connect.js'
import * as inspector from '../../src/flow-inspector.js'
import * as api from '../../src/index.js'
import * as postgres from '../../src/postgres.js'
import * as redis from '../../src/redis.js'
import * as testing from '../../src/testing.js'

describe('the package', () => {
  it('exports the grants in Redis from an entry of its own', () => {
    expect(Object.keys(redis)).toEqual(['RedisGrants'])
  })

  it('exports the grants in PostgreSQL from an entry of its own', () => {
    expect(Object.keys(postgres)).toEqual(['PostgresGrants'])
  })

  it('exports what connects resources by address from an entry of its own', () => {
    expect(Object.keys(connect)).toEqual(['connectResources'])
  })

  it('exports the flow inspector from an entry of its own', () => {
    expect(Object.keys(inspector)).toEqual(['flowInspector'])
  })

  it('exports what helps with tests from an entry of its own', () => {
    expect(Object.keys(testing).sort()).toEqual([
      'grantStoreTests',
      'logInAgent',
      'logInFetch',
      'startTestProvider',
    ])
  })

  it('exports these values and no others', () => {
    expect(Object.keys(api).sort()).toEqual([
      'AnotherPersonError',
      'AuthenticationRequirementsError',
      'AuthorizationCodeError',
      'AuthorizationCodeStrategy',
      'AuthorizationResponseError',
      'ConfigurationError',
      'ConnectionRequiredError',
      'CrossSiteRequestError',
      'DiscoveryError',
      'Grants',
      'LoginRequiredError',
      'LogoutResponseError',
      'LogoutTokenError',
      'MemoryGrants',
      'NotConnectableError',
      'PendingLoginError',
      'ProfileError',
      'ProviderError',
      'PushedAuthorizationRequestError',
      'ResourceError',
      'StepUpRequiredError',
      'StorageError',
      'TokenEndpointError',
      'adopt',
      'apple',
      'askara',
      'auth0',
      'authRouter',
      'cookiePendingLogins',
      'discord',
      'discover',
      'github',
      'gitlab',
      'google',
      'guardSessionStore',
      'jiko',
      'keycloak',
      'linkedin',
      'loginErrorPage',
      'microsoft',
      'okta',
      'requireLogin',
      'salesforce',
      'silentLogin',
      'slack',
      'strategyPerTenant',
    ])
  })

  it('exports these types and no others', async () => {
    const index = await readFile(new URL('../../src/index.ts', import.meta.url), 'utf8')
    const lists = [...index.matchAll(/export type \{([^}]*)\}/g)].map(([, names = '']) => names)
    const types = lists.flatMap((names) => names.split(',').map((name) => name.trim()))

    expect(types.filter((name) => name !== '').sort()).toEqual([
      'AccessTokenOptions',
      'AccessTokenUse',
      'AccountHolder',
      'AdoptOptions',
      'AppleClient',
      'AuthRouterOptions',
      'AuthorizationCodeFlowError',
      'AuthorizationCodeOptions',
      'AuthorizationDetail',
      'ChooseStrategy',
      'ClientAssertionAlgorithm',
      'ClientAssertionAudience',
      'ClientAuthenticationMethod',
      'ClientSecret',
      'ClientSecretAlgorithm',
      'ConnectionRequiredReason',
      'CookiePendingLoginsOptions',
      'DecryptionAlgorithm',
      'DecryptionKeys',
      'DefaultUser',
      'DiagnosticError',
      'DiagnosticEvent',
      'DiagnosticStep',
      'DiscoverOptions',
      'DiscoveredProvider',
      'DonorStrategy',
      'EncryptedResponse',
      'ErrorCode',
      'ExpectedIdToken',
      'FailureInfo',
      'Fault',
      'FetchInit',
      'GivenAuthentication',
      'GrantRefusal',
      'GrantStore',
      'GrantsOptions',
      'GuardOptions',
      'GuardableStore',
      'Holder',
      'IdTokenClaims',
      'Imported',
      'ImportedGrant',
      'IsGrantRefused',
      'IsTokenRefused',
      'LateProvider',
      'LateProviderOptions',
      'ListedGrant',
      'LogOutOptions',
      'LoginInfo',
      'LoginOptions',
      'LoginRequest',
      'LoginRequiredReason',
      'LoginSession',
      'MicrosoftProvider',
      'MissingFromLogin',
      'NamedDecryptionKey',
      'NamedPrivateKey',
      'NotConnectableReason',
      'OAuthErrorFacts',
      'Parameters',
      'ParsedProfile',
      'PendingLogin',
      'PendingLoginErrorCode',
      'PendingLoginStore',
      'PrivateKey',
      'PrivateKeyAlgorithm',
      'PrivateKeys',
      'Profile',
      'ProviderErrorFacts',
      'ProviderMetadata',
      'ProviderOptions',
      'RenewedIdle',
      'RequestedAuthentication',
      'RequireLoginOptions',
      'SessionEnds',
      'SessionInfo',
      'SignatureAlgorithm',
      'SilentLoginOptions',
      'StartLoginOptions',
      'StoredGrants',
      'StoredRecord',
      'StrategyPerTenantOptions',
      'TakenLogin',
      'TenantStrategies',
      'TenantVersion',
      'TokenSet',
      'VerifiedLogin',
      'Verify',
      'WantedOfLogin',
    ])
  })

  it('has each entry for compilers that do not read `exports`, too', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
    const { exports, types, typesVersions } = JSON.parse(text) as {
      exports: Record<string, { types?: string }>
      types: string
      typesVersions: { '*': Record<string, readonly string[]> }
    }
    const declared = Object.entries(typesVersions['*']).map(([name, [path]]) => [`./${name}`, path])
    const entries = Object.entries(exports).map(([name, entry]) => [name, entry.types])
    const known = entries.filter(([, path]) => path !== undefined)
    expect([['.', types], ...declared].sort()).toEqual(known.sort())
  })

  it('has nothing in its index but lists of exports', async () => {
    const index = await readFile(new URL('../../src/index.ts', import.meta.url), 'utf8')
    const rest = index.replaceAll(/export (?:type )?\{[^}]*\} from '\.\/[\w/-]+\.js'/g, '')
    expect(rest.trim()).toBe('')
  })
})

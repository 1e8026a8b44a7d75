import type { TestProvider } from '../../src/testing.js'

/** How many refreshes the provider has been asked for. */
export function refreshesAt(provider: TestProvider): number {
  return provider
    .requestsTo('token')
    .filter(({ parameters }) => parameters['grant_type'] === 'refresh_token').length
}

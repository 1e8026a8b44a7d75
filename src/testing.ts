/**
 * The entry `passport-authorization-code/testing`: a provider for tests, and functions that log in through it.
 *
 * @module
 */
export { logInAgent, logInFetch } from './testing/log-in.js'
export { startTestProvider } from './testing/provider.js'

export type { LoggedInFetch, TestAgent, TestResponse } from './testing/log-in.js'
export type { TestFault, TestProvider, TestProviderOptions } from './testing/provider.js'
export type { TestEndpoint, TestRequest } from './testing/server.js'

/**
 * The entry `passport-authorization-code/testing`: a provider for tests, functions that log in through it, and tests
 * for a grant store of your own.
 *
 * @module
 */
export { grantStoreTests } from './testing/grant-store-contract.js'
export { logInAgent, logInFetch } from './testing/log-in.js'
export { startTestProvider } from './testing/provider.js'

export type { GrantStoreTest } from './testing/grant-store-checks.js'
export type { LoggedInFetch, TestAgent, TestResponse } from './testing/log-in.js'
export type { TestClock } from './testing/clock.js'
export type { TestFault } from './testing/faults.js'
export type { TestProviderOptions, TestRegistration } from './testing/provider-options.js'
export type { TestRefusal } from './testing/refusal.js'
export type { TestEndpoint, TestRequest } from './testing/server.js'
export type { TestLogout, TestSession, TestSessionFilter } from './testing/sessions.js'
export type { TestAccessToken, TestProvider } from './testing/provider-type.js'
export type { GrantStore, StoredRecord } from './options/grant-store.js'

export { logInAgent, logInFetch } from './testing/log-in.js'
export { startTestProvider } from './testing/provider.js'

export type { LoggedInFetch, TestAgent, TestResponse } from './testing/log-in.js'
export type { TestFault, TestProvider, TestProviderOptions } from './testing/provider.js'
export type { TestEndpoint, TestRequest } from './testing/server.js'

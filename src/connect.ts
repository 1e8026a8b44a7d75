export { connectResources } from './connect/connect-resources.js'

export type {
  ClientDescription,
  ConnectOptions,
  FindRegisteredClient,
  RegisteredClient,
} from './connect/connect-options.js'
export type { ConnectionHolder, Connections } from './connect/connect-resources.js'
export type { ConnectedFetch } from './connect/fetch-for.js'
export type { ListedConnection } from './connect/listed-connection.js'

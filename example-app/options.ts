import type { AuthorizationServerOptions, Tenants } from './authorization-server.js'

/** What `startExampleApp` may be told. Everything has a default. */
export interface ExampleAppOptions {
  /**
   * The ports to try in turn, at 127.0.0.1; `0` takes any that is free.
   *
   * @default [0]
   */
  readonly ports?: readonly number[] | undefined

  /**
   * The address under which browsers reach the app, such as `https://your-app.com`, when that is a
   * reverse proxy's. The proxy is then trusted to say whether the browser came by HTTPS.
   *
   * @default `http://localhost` and the port
   */
  readonly publicURL?: string | undefined

  /** Signs the session cookies. @default random, so that logins end with the process */
  readonly sessionSecret?: string | undefined

  /** Encrypts the tokens; 32 characters or more. @default derived from the session secret */
  readonly tokenSecret?: string | undefined

  /** The Redis for the sessions, and for the grants if there is no database. @default in memory */
  readonly redisURL?: string | undefined

  /** The PostgreSQL for the grants. @default in Redis, or in memory */
  readonly databaseURL?: string | undefined

  /** The credentials for the real Askara. @default none: a local stand-in */
  readonly askara?:
    | {
        readonly clientID: string
        readonly clientSecret: string
        /** @default the documented place */
        readonly profileURL?: string | undefined
      }
    | undefined

  /** The credentials for the real Jiko. @default none: a local stand-in */
  readonly jiko?:
    | {
        readonly clientID: string
        /** PKCS #8 in PEM. */
        readonly privateKey: string
        readonly keyId?: string | undefined
        /** Where the pockets are listed. @default the documented place */
        readonly apiURL?: string | undefined
      }
    | undefined

  /**
   * Finds stand-ins that run elsewhere, such as in the primary process of a cluster, for the app at this
   * address; `undefined` when both providers are the real ones.
   *
   * @default starts own ones
   */
  readonly findStandIns?: ((appURL: string) => Promise<Tenants | undefined>) | undefined

  /** How the own stand-ins behave. */
  readonly authorizationServer?: Omit<AuthorizationServerOptions, 'callbackURLs'> | undefined

  /** Called for every error that is not the visitor's own (status 500 and up). @default forgotten */
  readonly onError?: ((error: unknown) => void) | undefined
}

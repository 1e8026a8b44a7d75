import type { AuthorizationCodeOptions } from '../../src/index.js'
import type { Browser, RunningServer } from './http.js'

/** What every one of these servers knows of its only client, and of Ada. */
export const CLIENT_ID = 'client-1'

/** Has what form-urlencoding changes, to show who reads Basic credentials how. */
export const CLIENT_SECRET = 'the secret+of/client 1 & 100%'

/** An authorization server that somebody else has written, with {@link CLIENT_ID} registered. */
export interface OtherServer extends RunningServer {
  /** Where it is, and how the client is known there; to be spread into a strategy's options. */
  readonly options: Pick<
    AuthorizationCodeOptions,
    'authorizationURL' | 'tokenURL' | 'clientSecret'
  > & {
    /** Serves Ada's profile to whoever has a valid access token. */
    readonly profileURL: string
  } & Partial<AuthorizationCodeOptions>
  /** Lets the client send people back to here, too. */
  register(redirectURI: string): Promise<void>
  /** Ada follows an authorization request and says yes. Resolves to where the server sends her then. */
  allow(browser: Browser, authorizationRequest: string): Promise<string>
  /** The same, and she does not say yes. */
  deny(browser: Browser, authorizationRequest: string): Promise<string>
}

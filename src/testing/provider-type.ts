import type { TestClock } from './clock.js'
import type { TestFault } from './faults.js'
import type { TestRegistration } from './provider-options.js'
import type { TestEndpoint, TestRequest } from './server.js'
import type { TestLogout, TestSession, TestSessionFilter } from './sessions.js'
import type { TestSettings } from './settings.js'

/** What an access token of a test provider is for. */
export interface TestAccessToken {
  /** The person who has granted it. */
  readonly user: Readonly<Record<string, unknown>>
  /** Its scope, separated by spaces; empty if there is none. */
  readonly scope: string
  /** The APIs that it is for (`resource`); empty if none was named. */
  readonly resources: readonly string[]
  /** When it expires, in **milliseconds since the epoch**, by the provider's clock. */
  readonly expiresAt: number
}

/** A provider for tests. It runs in this process and logs the person in at once, without a page. */
export interface TestProvider extends TestSettings {
  /** The provider's endpoints and the client's credentials. Spread them into the strategy's options, last. */
  readonly options: Readonly<
    Record<
      | 'authorizationURL'
      | 'clientID'
      | 'clientSecret'
      | 'endSessionURL'
      | 'issuer'
      | 'jwksURL'
      | 'profileURL'
      | 'revocationURL'
      | 'tokenURL',
      string
    >
  >
  /** The provider's clock, which all its times follow. */
  readonly clock: TestClock
  /** The people who are logged in at the provider, in all browsers, oldest first. */
  readonly sessions: readonly TestSession[]
  /** All requests since the start or the last {@link reset}, oldest first. */
  readonly requests: readonly TestRequest[]
  /** The refresh tokens that were used a second time, with `refreshTokens: 'rotate'`. Empty if the application is correct. */
  readonly reused: readonly string[]
  /** The requests to one endpoint since the start or the last {@link reset}, oldest first. */
  requestsTo(endpoint: TestEndpoint): readonly TestRequest[]
  /**
   * Makes the next requests to an endpoint fail.
   *
   * @example The token endpoint is down for two requests
   * ```ts
   * import { startTestProvider } from 'passport-authorization-code/testing'
   *
   * const provider = await startTestProvider()
   * provider.fail('token', 503, 2)
   * ```
   *
   * @param times how many requests; 1 if left out
   * @throws {TypeError} if the endpoint cannot have this fault
   */
  fail(endpoint: TestEndpoint, fault: TestFault, times?: number): void
  /** What an access token is for, as an API finds out; `undefined` if the token is not valid. */
  introspect(accessToken: string): TestAccessToken | undefined
  /** Makes all access tokens issued so far invalid before they expire. Refreshing gives a valid one. */
  expireAccessTokens(): void
  /** Ends all grants so far, as people can in their account. Refreshing fails, and only a new login helps. */
  endGrants(): void
  /**
   * Registers addresses of the application. What is left out stays as it is. {@link reset} does not undo it.
   *
   * @throws {ConfigurationError} naming the member that is unknown or cannot be used
   */
  register(addresses: TestRegistration): void
  /**
   * People come with another browser from now on. Nobody is logged in at the provider there, so that `prompt=none` is
   * answered with `login_required`. Sessions of other browsers go on.
   */
  newBrowser(): void
  /**
   * Logs people out at the provider, and posts logout tokens to the application: one about a `sid`, a `sub` or both, or,
   * if none is given, one for each session with both. Grants do not end.
   *
   * @example The person logs out elsewhere
   * ```ts
   * import { startTestProvider } from 'passport-authorization-code/testing'
   *
   * const provider = await startTestProvider()
   * provider.register({ backchannelLogoutURL: 'http://127.0.0.1:3000/auth/backchannel-logout' })
   * const [logout] = await provider.logOut({ sub: 'ada' })
   * console.log(logout?.status)
   * ```
   *
   * @throws {Error} if the application cannot be reached, or does not answer within 10 seconds
   */
  logOut(who?: TestSessionFilter): Promise<readonly TestLogout[]>
  /**
   * Signs with a new key from now on, and publishes it beside those before.
   *
   * @param options.dropOld `true` publishes the new one alone
   */
  rotateKeys(options?: { readonly dropOld?: boolean }): Promise<void>
  /**
   * Makes everything as it was at the start: deletes all requests, faults, grants and sessions, and sets back the clock,
   * the keys and all that was set. Call it between tests.
   */
  reset(): void
  /** Stops the provider, and closes all its connections. */
  close(): Promise<void>
}

import type { ListedGrant } from '../grants/list-grants.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { Holder } from '../options/holder.js'
import type { TokenSet } from '../options/token-set.js'
import { refuseReplaced } from './refuse-shared-name.js'
import type { UseCases } from './use-cases.js'
import { fetchWithToken } from './fetch-with-token.js'
import type { FetchInit } from './fetch-with-token.js'
import { LogoutStrategy } from './logout-strategy.js'
import type { AccessTokenOptions } from './token-use.js'

/**
 * What a strategy does with the grants of people who have logged in, for requests and for jobs. Each method takes a
 * {@link Holder}: a request, `{ account }`, or `{ account, grant }`.
 */
export abstract class GrantStrategy extends LogoutStrategy {
  protected abstract override readonly useCases: UseCases

  /**
   * The token set of the holder's grant, or `undefined` if there is none that can be read. It is not renewed: use
   * {@link accessToken} or {@link fetch} to call an API.
   *
   * @example
   * ```ts
   * const tokens = await strategy.tokens(req)
   * console.log(tokens?.scope, tokens?.expiresAt)
   * ```
   *
   * @throws {StorageError} if the store of the grants cannot be reached
   */
  tokens(holder: Holder): Promise<TokenSet | undefined> {
    return this.useCases.tokens(holder)
  }

  /**
   * Resolves to an access token that is valid now, and refreshes it first if necessary. However many requests, jobs and
   * processes ask at the same time, the provider receives one refresh. A token that is due but has not expired yet is
   * refreshed in the background, and nobody waits.
   *
   * @example
   * ```ts
   * const token = await strategy.accessToken(req)
   * ```
   *
   * @example In a job, without a request
   * ```ts
   * const token = await strategy.accessToken({ account: user.account })
   * ```
   *
   * @example After an API has refused a token
   * ```ts
   * const other = await strategy.accessToken(req, { refused: refusedToken })
   * ```
   *
   * @example For another API, from the same grant
   * ```ts
   * const token = await strategy.accessToken(req, { resource: 'https://files.example.com' })
   * ```
   *
   * @throws {LoginRequiredError} if the person has to log in again
   * @throws {TokenEndpointError} if a refresh is necessary and the provider fails (see `retryable`)
   * @throws {StorageError} if the store of the grants cannot be reached
   * @throws {ConfigurationError} if the holder is an account, and tokens are in the sessions, or if another provider's
   *   strategy has taken the name of this one in Passport
   * @see [RFC 6749, section 6 - Refreshing an Access Token](https://www.rfc-editor.org/rfc/rfc6749.html#section-6)
   * @see [RFC 8707, section 2.2 - Access Token Request](https://www.rfc-editor.org/rfc/rfc8707.html#section-2.2)
   */
  async accessToken(holder: Holder, options: AccessTokenOptions = {}): Promise<string> {
    refuseReplaced(this, holder)
    return this.useCases.accessToken(holder, options)
  }

  /**
   * `fetch` with the holder's access token. `timeoutMs` and `responseLimitBytes` apply, plain HTTP is refused, and
   * redirects are followed only if `init.redirect` says so. On a 401, or if `isTokenRefused` says so, the token is refreshed
   * and the request sent again, unless its body is a stream, which can be sent only once. An answer that is an event stream
   * (`text/event-stream`) has to begin within `timeoutMs`; how long and how large it becomes is for its reader to limit, by
   * `init.signal`.
   *
   * Any other answer is returned, whatever its status, except one with which the API asks for more than the person has granted
   * (`insufficient_scope`), or for a stronger or more recent authentication (`insufficient_user_authentication`).
   *
   * @example
   * ```ts
   * const answer = await strategy.fetch(req, 'https://api.example.com/me')
   * res.json(await answer.json())
   * ```
   *
   * @param url absolute
   * @param init as of `fetch`; `scope` and `resource` choose the access token, as those of {@link accessToken} do
   * @throws what {@link accessToken} throws
   * @throws {StepUpRequiredError} if the API asks for more: pass it to `startLogin`
   * @throws {ResourceError} if no answer came
   * @see [RFC 9470, section 3 - Authentication Requirements Challenge](https://www.rfc-editor.org/rfc/rfc9470.html#section-3)
   * @see [RFC 6750, section 3 - The WWW-Authenticate Response Header Field](https://www.rfc-editor.org/rfc/rfc6750.html#section-3)
   */
  async fetch(holder: Holder, url: string | URL, init: FetchInit = {}): Promise<Response> {
    refuseReplaced(this, holder)
    return fetchWithToken(holder, url, init, this.useCases)
  }

  /**
   * Ends a grant: deletes its tokens, even for requests under way, and revokes them if the provider has a
   * `revocationURL` (3 seconds at most; a failure is not reported). For `{ account }`, ends all of the person's grants
   * of this strategy, and for `{ account, grant }` that one.
   *
   * The session of a request stays. Sessions of others end with their grants: at once if this process has seen a
   * request with their session store, otherwise at their next request.
   *
   * @example
   * ```ts
   * app.post('/disconnect', async (req, res) => {
   *   await strategy.endGrant(req)
   *   res.redirect('/settings')
   * })
   * ```
   *
   * @example Log out everywhere else
   * ```ts
   * app.post('/log-out-others', async (req, res) => {
   *   await strategy.endGrant({ account: user.account }, { except: req })
   *   res.redirect('/settings')
   * })
   * ```
   *
   * @param options.except a request whose login goes on, with the grant that it uses
   * @returns how many grants have ended
   * @throws {StorageError} if the store of the grants, or a session store, fails: then call it again
   * @see [RFC 7009 - OAuth 2.0 Token Revocation](https://www.rfc-editor.org/rfc/rfc7009.html)
   */
  endGrant(holder: Holder, options: { readonly except?: LoginRequest } = {}): Promise<number> {
    return this.useCases.endGrant(holder, options.except)
  }

  /**
   * A person's grants of this strategy, the newest login first, without their tokens. Needs the option `grants`.
   *
   * @example A page of the person's logins
   * ```ts
   * app.get('/logins', async (req, res) => {
   *   res.json(await strategy.listGrants(req))
   * })
   * ```
   *
   * @param whose your own id of the person, alone or as `{ account }`, or a request: then the grants of who is logged in
   *   there, and `current` says which one that login uses
   * @throws {StorageError} if the store of the grants cannot be reached
   * @throws {ConfigurationError} if tokens are in the sessions
   */
  listGrants(whose: string | number | Holder): Promise<readonly ListedGrant[]> {
    return this.useCases.listGrants(whose)
  }

  /**
   * For a graceful stop: resolves when no renewal is under way in this process and every answer of the provider is
   * stored, and when all is revoked and ended that was to be; or when the time is up. A process that ends earlier can lose a
   * login.
   *
   * @example
   * ```ts
   * process.once('SIGTERM', () => {
   *   server.close(() => strategy.idle({ timeoutMs: 10_000 }).then(() => process.exit()))
   * })
   * ```
   *
   * @param options.timeoutMs how long to wait at the most, in **milliseconds**; 10 seconds if left out
   * @returns the number of renewals, revocations and logouts of the provider that are still under way
   */
  idle({ timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {}): Promise<number> {
    return this.useCases.idle(timeoutMs)
  }
}

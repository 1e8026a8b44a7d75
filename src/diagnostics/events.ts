/** A step of a login, or of what follows, that is reported when it is over. */
export type DiagnosticStep =
  /**
   * The provider's metadata were read, by the option `metadata` (`discover.lazy`): at the first need, and again at the next one
   * after a day. If that fails then, those from before are used on.
   */
  | 'discovery'
  /** The provider's keys could not be loaded. Those from before are used on, if there are any. Reported only if it fails. */
  | 'keys'
  /** A browser was sent to the provider. */
  | 'login'
  /** The authorization request was pushed to the provider. */
  | 'push'
  /** A browser came back from the provider. The steps `exchange`, `profile` and `verify` are part of this one. */
  | 'callback'
  /** A token request was sent with an authorization code. */
  | 'exchange'
  /** The profile was loaded, by the strategy or by your `userProfile`. */
  | 'profile'
  /** The application's `verify` was called. */
  | 'verify'
  /**
   * A grant was renewed: `reason` is `refreshed` by this process, `shared` by another, `busy` if another is at it while
   * the present token is still usable, or `took_over` if this process has finished what another had begun.
   */
  | 'renewal'
  /** A token request was sent with a refresh token. */
  | 'refresh'
  /** One token was revoked at the provider. */
  | 'revocation'
  /**
   * A grant has ended. `reason` is `logout`, `end_grant`, `backchannel_logout`, `frontchannel_logout`, or the provider's
   * refusal of the refresh, such as `invalid_grant`.
   */
  | 'grant_end'
  /** The provider posted a logout token. */
  | 'backchannel_logout'
  /** A page of the provider's has loaded `GET /frontchannel-logout` in a frame. */
  | 'frontchannel_logout'
  /**
   * The store of the option `grants` has failed. `reason` is its method, such as `get`. Strategies that share a store
   * report this once, with the name of the one that was created last.
   */
  | 'storage'
  /**
   * Another process has renewed a grant whose tokens are in the session, reported once. Several processes must share
   * the option `grants`: otherwise, they use the same refresh token twice.
   */
  | 'several_processes'
  /**
   * A grant in the store was sealed with a secret that this process does not have, reported once. Either another process
   * uses the store with another secret, or an older secret was removed too early. Such requests are answered with 503.
   */
  | 'another_secret'
  /**
   * A browser that came back from the provider has sent two cookies of one name, with different values; `cookies` names
   * them. The first counts. The second one may be left from an older deployment with another path or domain; or a
   * subdomain has set it, to push a session of its own upon the person.
   */
  | 'duplicate_cookies'

/**
 * The message on the channel `passport-authorization-code` of `node:diagnostics_channel` when a step is over.
 * It holds no token, code, verifier, state, secret or key.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import type { DiagnosticEvent } from 'passport-authorization-code'
 *
 * subscribe('passport-authorization-code', (message) => {
 *   const { strategy, step, outcome, reason, durationMs } = message as DiagnosticEvent
 *   console.log(`${strategy} ${step} ${outcome} ${reason ?? ''} after ${durationMs} ms`)
 * })
 * ```
 *
 * @see [Node.js, Diagnostics Channel](https://nodejs.org/api/diagnostics_channel.html)
 */
export interface DiagnosticEvent {
  /** Which step is over. */
  readonly step: DiagnosticStep
  /** The strategy's `name`. */
  readonly strategy: string
  /** `refused`: the person, the application or the provider said no. `failed`: there was an error. */
  readonly outcome: 'ok' | 'refused' | 'failed'
  /**
   * Why, in one word. With `failed`, the error's `code`, or its `name` if it is not an error of this library. With
   * `refused`, the OAuth error, such as `access_denied`; or `verify`, or the status, such as `http_400`.
   */
  readonly reason?: string
  /** With `refused`, what the provider said about it: its `error_description`. */
  readonly errorDescription?: string
  /** How long the step took, in **milliseconds**. 0 for what has no duration, such as `grant_end`. */
  readonly durationMs: number
  /** With `duplicate_cookies`, the names of the cookies: at most three, of at most 60 characters. */
  readonly cookies?: readonly string[]
  /** With `failed`, the facts of the error, if it is an error of this library. */
  readonly error?: DiagnosticError
}

/** The facts of an error of this library, for an event. The last four are those of a {@link ProviderError}. */
export interface DiagnosticError {
  /** The error's message. */
  readonly message: string
  /** Whether the same attempt may succeed later although nobody has changed anything. */
  readonly retryable: boolean
  /** The request that failed: `exchange`, `refresh`, `push`, `profile`, `resource`, `discovery` or `keys`. */
  readonly phase?: string
  /** The HTTP status of the provider's answer. Left out if none came. */
  readonly httpStatus?: number
  /** Why no answer came: `timeout`, `too_large`, `bad_encoding`, or the network's own code, such as `ECONNREFUSED`. */
  readonly networkCode?: string
  /** The OAuth error in the provider's answer, such as `invalid_client`. */
  readonly oauthError?: string
}

/** The outcome of a step that did not throw. */
export type Conclusion = Pick<
  DiagnosticEvent,
  'outcome' | 'reason' | 'errorDescription' | 'cookies'
>

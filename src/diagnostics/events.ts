/** What a strategy does that can be watched. */
export type DiagnosticStep =
  /** A browser was sent to the provider. */
  | 'login'
  /** The authorization request was pushed to the provider. */
  | 'push'
  /** A browser came back from the provider. The steps up to `verify` are part of it. */
  | 'callback'
  /** A token request with an authorization code. */
  | 'exchange'
  /** The hook `userProfile`: by default, the profile was loaded. */
  | 'profile'
  /** The application's `verify`. */
  | 'verify'
  /** The tokens of one session were renewed: by a `refresh`, or by what another request or process has got. */
  | 'renewal'
  /** A token request with a refresh token. */
  | 'refresh'
  /** One token was revoked at the provider. */
  | 'revocation'
  /** A grant has ended; `reason` is `logout`, `end_grant`, `backchannel_logout`, or what the provider refused the refresh with, such as `invalid_grant`. */
  | 'grant_end'
  /** The provider posted a logout token. */
  | 'backchannel_logout'

/**
 * What the channel `passport-authorization-code` of `node:diagnostics_channel` says when a step is over.
 * Nothing in it is a token, code, verifier, state, secret or key.
 *
 * @see [Node.js, Diagnostics Channel](https://nodejs.org/api/diagnostics_channel.html)
 */
export interface DiagnosticEvent {
  readonly step: DiagnosticStep
  /** The strategy's `name`. */
  readonly strategy: string
  /** `refused` is what a person, the application or the provider has decided; `failed` is an error. */
  readonly outcome: 'ok' | 'refused' | 'failed'
  /**
   * Why, in one word. With `failed` the error's `code`, or its `name` when it is not one of ours. With
   * `refused` the OAuth error, such as `access_denied`, `verify`, or `http_400`.
   */
  readonly reason?: string
  /** How long it took, in **milliseconds**; 0 for what takes no time. */
  readonly durationMs: number
  /** What is known about a failure, if it is one of ours. */
  readonly error?: DiagnosticError
}

/** The facts of one of our errors; see there for what they mean. */
export interface DiagnosticError {
  readonly message: string
  readonly retryable: boolean
  /** Of a request to the provider. */
  readonly phase?: string
  /** The HTTP status of the provider's answer. */
  readonly httpStatus?: number
  /** The network's own code. */
  readonly networkCode?: string
  /** The provider's OAuth error code. */
  readonly oauthError?: string
}

/** How a step ended that did not throw. */
export type Conclusion = Pick<DiagnosticEvent, 'outcome' | 'reason'>

import type { ErrorEntry } from './error-entry.js'

/** The errors of the set-up, of requests to the provider, and of stores. */
export const SERVER_ERRORS = {
  ERR_CONFIGURATION: {
    class: 'ConfigurationError',
    status: 500,
    fault: 'developer',
    retryable: false,
    message: 'The set-up is wrong.',
    cause:
      'An option is missing, unknown or cannot be used, or middleware is missing or in the wrong order. It is thrown at start if the mistake can be found then.',
    fix: 'Do what the message says. `option` names the option, if an option is at fault.',
    checks: [
      '**An option is missing.** Most often an environment variable is not set: `clientID: process.env.CLIENT_ID` is then `undefined`.',
      '**An option is unknown**, or belongs to passport-oauth2 (`state`, `pkce`, `store`, `passReqToCallback`, `proxy`, `trustProxy`). The message says what to do instead.',
      '**“This request has no session.”** `app.use(session(…))` has to come before the login routes.',
      '**“requireLogin needs app.use(passport.session()) before it.”** Add it after `session(…)`.',
      '**“The callback came by POST and its form was not read.”** Put `express.urlencoded({ extended: false })` before your callback route. `authRouter` has it.',
      '**“Refused to send a request to … it is not HTTPS.”** Plain HTTP is for loopback addresses only.',
      '**A key cannot be read, or cannot sign.** Use RSA with at least 2048 bits, EC P-256 or Ed25519, as PEM text, private JWK, `KeyObject` or `CryptoKey`.',
    ],
  },
  ERR_TOKEN_ENDPOINT: {
    class: 'TokenEndpointError',
    status: [400, 500, 502, 503, 504],
    fault: ['browser', 'developer', 'provider'],
    retryable: 'depends',
    message:
      'The token endpoint refused a request, could not be reached, or its answer cannot be used.',
    cause:
      '`phase` is `exchange` at a login and `refresh` later. A refresh that fails is an error only if the access token has expired: until then, requests use the access token that they have. If the provider refuses the refresh for good, the error is a [`LoginRequiredError`](#err_login_required) instead. `invalid_grant`, `consent_required`, `interaction_required` and a 403 with `unauthorized_client` always mean that. `invalid_request`, and a 400 or 401 without a reason, mean it only after the access token has expired: some servers send them instead of `invalid_grant`.',
    fix: 'Look at the request and its answer. Check that `tokenURL` is the token endpoint of this provider, and that this server can reach it.',
    page: {
      title: 'This login could not be finished',
      text: 'The login service no longer accepts it. It may have taken too long.',
      loginLink: true,
    },
    checks: [
      '**It has an `error`.** Look it up in [OAuth errors](#oauth-errors).',
      '**It has a `networkCode`.** Look it up in [network errors](#network-errors).',
      '**Its status is 503.** The provider is overloaded (HTTP 429 or 503), or works on another refresh of the same person (Salesforce). Try again later; `retryAfterMs` says when, if the provider does.',
      '**The answer is not a token response.** The message says what is wrong with it. If it has no `token_type`, or is a form, `parseTokenResponse` can read it.',
      '**The ID token is not valid.** The message says which part, which algorithm it has, and which are accepted. Check `issuer`, `clientID`, and that the clock of this machine is right. See [ID tokens](providers.md#id-tokens).',
    ],
  },
  ERR_PUSHED_AUTHORIZATION_REQUEST: {
    class: 'PushedAuthorizationRequestError',
    status: [400, 500, 502, 503, 504],
    fault: ['browser', 'developer', 'provider'],
    retryable: 'depends',
    message: 'The provider did not accept a pushed authorization request, or could not be reached.',
    cause:
      'The login ends where it started, before the browser is sent to the provider. `phase` is `push`. The causes are those of [`ERR_TOKEN_ENDPOINT`](#err_token_endpoint).',
    fix: 'Check `pushedAuthorizationRequestURL`, the parameters of the login, and how the client authenticates.',
    page: {
      title: 'This login could not be started',
      text: 'The login service did not accept it.',
      loginLink: true,
    },
  },
  ERR_PROFILE: {
    class: 'ProfileError',
    status: [502, 503, 504],
    fault: 'provider',
    retryable: 'depends',
    message: 'The profile could not be loaded, or cannot be used.',
    cause: 'Without the profile, the login fails: nobody is logged in. `phase` is `profile`.',
    fix: 'Call `profileURL` with an access token by hand: does it answer with a JSON object? Is a scope missing? If the provider has no profile endpoint, leave out `profileURL`.',
    checks: [
      '**HTTP 401 or 403**: the access token may not read `profileURL`. `error` and `errorDescription` have the provider’s reason, and the message the scope that is needed. Often the `scope` lacks `openid` or `profile`.',
      '**HTTP 404**: `profileURL` is wrong.',
      '**It is signed or encrypted (a JWT)**: the message says what is wrong. A signature needs `issuer` and `jwksURL`, encryption needs `decryptionKeys`.',
      '**It has no id**: say where the id is with `parseProfile`, or leave out `profileURL`.',
      '**It is neither a JSON object nor a JWT, or is nested deeper than 100 levels**: read it in a `userProfile` of your own, or set `skipUserProfile`.',
      '**It is about another person than the ID token**: its `sub` is missing or is not that of the ID token. If the document does not follow OpenID Connect, use `parseProfile` to say how to read it.',
      '**It cannot be reached**: see [network errors](#network-errors).',
    ],
  },
  ERR_RESOURCE: {
    class: 'ResourceError',
    status: [502, 504],
    fault: 'provider',
    retryable: 'depends',
    message: 'A request of strategy.fetch got no answer.',
    cause:
      'The API could not be reached, was too slow, or its answer was too large. After a `timeout`, it may still have processed the request. An answer with any HTTP status is not an error. `phase` is `resource`.',
    fix: 'Check the URL that was fetched, and whether this server can reach it.',
    checks: ['**It has a `networkCode`.** Look it up in [network errors](#network-errors).'],
  },
  ERR_DISCOVERY: {
    class: 'DiscoveryError',
    status: [502, 503, 504],
    fault: 'provider',
    retryable: 'depends',
    message: 'The provider’s metadata or keys could not be read, or cannot be used.',
    cause:
      'If `phase` is `discovery`, `discover` failed, and the process cannot start without it; or metadata that are read later (`discover.lazy`) could not be read, and the message says since when and when it is tried again. If it is `keys`, an ID token, a signed callback or a logout token could not be checked, because the keys at `jwksURL` could not be read, and it names none that was read before; the next attempt reads them again.',
    fix: 'Check the issuer: it must be written exactly as the provider writes it, scheme, path and slash included. Open its `/.well-known/openid-configuration`, which must name the same issuer.',
    checks: [
      '**At start, the provider cannot be reached.** Let the process end, and let your process manager start it again; or use `discover.lazy`, which asks the provider at the first login.',
    ],
  },
  ERR_LOGOUT_TOKEN: {
    class: 'LogoutTokenError',
    status: 400,
    fault: 'provider',
    retryable: false,
    message: 'The logout token is not valid.',
    cause:
      'A request to `/backchannel-logout` is not from the provider, or was received before. The message says what is wrong. The router answers with 400 and JSON, as the provider expects.',
    fix: 'Nothing, if it happens once. If it happens with each logout token, check `issuer`, `clientID`, `jwksURL` and the clock of this machine.',
  },
  ERR_LOGOUT_UNFINISHED: {
    class: 'LogoutTokenError',
    status: 400,
    fault: 'provider',
    retryable: true,
    message: 'The logins have not all ended yet.',
    cause:
      'A logout token ends so many logins that it takes longer than providers wait. They go on ending in this process. The router answers with 400 and JSON: when the provider posts the same logout token again, it gets 200 once all have ended, also from another process.',
    fix: 'Nothing: within a minute, tens of thousands of logins have ended. If it happens often, find out why one person has so many.',
  },
  ERR_STORAGE: {
    class: 'StorageError',
    status: 503,
    fault: ['storage', 'developer'],
    retryable: 'depends',
    message: 'The session store, or the store of the grants, could not be read or written.',
    cause:
      'The store or its connection failed. `error.cause` is the store’s own error. If only a change of the set-up helps, `fault` is `developer`, `retryable` is `false`, and the message says what to change.',
    fix: 'Check that the session store, and the store of the option `grants`, are running and can be reached from this server.',
    checks: [
      '**The message is “Writing the session failed.”, and the cause is a `TypeError`.** The session holds a value that JSON cannot hold, such as a user with a `bigint`.',
      '**The message is “Opening a grant failed: …”.** The grant was sealed with a secret that this process lacks (then it also reports the event [`another_secret`](diagnostics.md#events), and the [doctor](tools.md#doctor) finds it), or by a newer version of this package. Give all processes the same list of secrets, and let the newer processes answer. Nothing is lost.',
      '**The message says that a session has the id of a grant in a store.** This process lacks the option `grants` that other processes have.',
      '**The message is “Using Redis for the grants failed: …”, or “Using the tables of the grants failed: …”.** A password, a right or a table is missing, or other data is in the way. The message says which.',
      '**Redis cannot be reached.** See [Redis and several processes](redis-and-several-processes.md#while-redis-is-away).',
      '**PostgreSQL cannot be reached.** See [Tokens in your own database](tokens-in-your-database.md#while-the-database-is-away).',
    ],
  },
} as const satisfies Record<string, ErrorEntry>

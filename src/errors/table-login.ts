import type { ErrorEntry } from './error-entry.js'

const LOGIN_NOT_FINISHED = { title: 'This login could not be finished', loginLink: true } as const

const NOTHING_CHANGED = { title: 'Nothing was changed', loginLink: false } as const

/** The errors of requests that a browser sends to log in or out, in the order of a login. */
export const LOGIN_ERRORS = {
  ERR_SESSION_COOKIE_MISSING: {
    class: 'PendingLoginError',
    status: 400,
    fault: 'browser',
    retryable: false,
    message: 'No session cookie came back with the callback.',
    cause:
      'The pending login is stored in the session. Without the session cookie, it cannot be found.',
    fix: 'Use one host for the login route and `callbackURL`, set `cookie.sameSite` to `lax`, and use `cookie.secure` only with HTTPS. Behind a proxy, set `trust proxy`.',
    page: {
      ...LOGIN_NOT_FINISHED,
      text: 'It was not started in this browser, or this browser has not kept its cookie.',
    },
    checks: [
      "**The cookie is `secure`, and the app is behind a proxy.** Set `app.set('trust proxy', 1)`, see [Behind a proxy](behind-a-proxy.md).",
      "**The cookie is `secure`, and the page is plain HTTP.** Serve HTTPS, or set `cookie.secure` to `'auto'` for development.",
      "**The cookie is `SameSite=Strict`.** Browsers do not send it when they return from the provider. Use `'lax'`.",
      '**The callback comes by POST** (`response_mode=form_post`). Browsers do not send `SameSite=Lax` cookies with it. Use `cookiePendingLogins`.',
      '**The login starts on another host than that of `callbackURL`.** A cookie of `127.0.0.1` is not sent to `localhost`, nor one of `www.your-app.com` to `your-app.com`.',
    ],
  },
  ERR_SESSION_LOST: {
    class: 'PendingLoginError',
    status: 400,
    fault: 'browser',
    retryable: false,
    message: 'The session in which this login was started is gone.',
    cause: 'A session cookie came back, but the session store does not know its session.',
    fix: 'Use a session store that survives a restart and that all processes share, and an express-session `secret` that stays the same.',
    page: {
      ...LOGIN_NOT_FINISHED,
      text: 'Its session has ended. It may have been started too long ago.',
    },
    checks: [
      '**The store is in memory**, and the process was restarted, or another process started the login. See [Redis and several processes](redis-and-several-processes.md).',
      '**The `secret` of express-session has changed**, or each start generates a new one. See [Changing keys and secrets](key-rotation.md#secrets-of-your-own).',
      '**The session has expired**, or was destroyed in the meantime.',
    ],
  },
  ERR_PENDING_LOGIN_UNKNOWN: {
    class: 'PendingLoginError',
    status: 400,
    fault: 'browser',
    retryable: false,
    message: 'This session has no pending login with the callback’s state.',
    cause:
      'This login was not started in this session, or the session no longer remembers it. It may also be a forged link: nothing was sent to the provider, and no pending login was used up.',
    fix: 'Use one host everywhere (`localhost` and `127.0.0.1` are two), and a session store that all processes share.',
    page: { ...LOGIN_NOT_FINISHED, text: 'It was not started in this browser, or too long ago.' },
    checks: [
      'More than 8 logins were started in this session, and this was the oldest.',
      'Two logins were started at the same moment, and the session kept one of them. `cookiePendingLogins` keeps both.',
      'With `cookiePendingLogins`: the login’s own cookie did not come back.',
      'The callback has no `state`, or belongs to a different strategy from this route’s.',
    ],
  },
  ERR_PENDING_LOGIN_EXPIRED: {
    class: 'PendingLoginError',
    status: 400,
    fault: 'browser',
    retryable: false,
    message: 'The login was started too long ago.',
    cause: 'It took longer than `pendingLoginLifetimeMs` (10 minutes if left out).',
    fix: 'The person starts again. If it happens often, raise `pendingLoginLifetimeMs`.',
    page: { ...LOGIN_NOT_FINISHED, text: 'It was left open for too long.' },
  },
  ERR_PENDING_LOGIN_USED: {
    class: 'PendingLoginError',
    status: 400,
    fault: 'browser',
    retryable: false,
    message: 'The callback of this login was already used.',
    cause:
      'The same callback was loaded before, and this session does not hold the login that it led to. Its code is not sent to the provider a second time. If the session still holds that login, there is no error: the browser goes where the login led.',
    fix: 'The person starts again. If it happens at every login, find out what loads the callback twice, such as a link scanner, a prefetching proxy or a second route.',
    page: { ...LOGIN_NOT_FINISHED, text: 'It was already finished once, perhaps in another tab.' },
  },
  ERR_AUTHORIZATION_RESPONSE: {
    class: 'AuthorizationResponseError',
    status: [400, 500, 502, 503],
    fault: ['browser', 'developer', 'provider'],
    retryable: 'depends',
    message:
      'The provider sent the browser back without a code, and not because the person refused.',
    cause:
      'With status 400, the callback itself cannot be trusted or is incomplete. With any other status, the provider has ended the login with an error: `error` and `errorDescription` are in its own words.',
    fix: 'If the callback has an `error`, correct what it complains about. If it has none, compare its parameters with what the provider should send: `code`, `state` and, where it is used, `iss`.',
    page: {
      ...LOGIN_NOT_FINISHED,
      text: 'The answer of the login service was not complete, or came from somewhere else.',
    },
    checks: [
      '**It has an `error`.** Look it up in [OAuth errors](#oauth-errors).',
      '**It has no code, a parameter twice, or both a code and an error.** If it happens at every login, look at what the provider sends, and at every proxy on the way.',
      '**It comes from another issuer, or `iss` is missing.** If it happens at every login, `issuer` is not the one that the provider sends.',
      '**It is not signed, or its signature cannot be trusted** (`signedAuthorizationResponses`). Check `jwksURL`, and that the client is registered for signed responses.',
    ],
  },
  ERR_AUTHENTICATION_REQUIREMENTS: {
    class: 'AuthenticationRequirementsError',
    status: 403,
    fault: 'browser',
    retryable: false,
    message: 'The person was not authenticated as the login has asked for.',
    cause:
      'The provider could not meet `acrValues` or `maxAgeSeconds`: the ID token has another `acr` or none, its `auth_time` is too old or missing, or the callback says `unmet_authentication_requirements`. `requested` and `got` have the values. Nobody was logged in.',
    fix: 'The person starts again, and authenticates as it is asked for, such as with a second factor. If it happens at every login, compare `acrValues` with those that the provider supports, and check that it sends `acr` and `auth_time` in ID tokens.',
    page: {
      ...LOGIN_NOT_FINISHED,
      text: 'This application needs a more recent or a stronger proof of who you are than the login service has given.',
    },
  },
  ERR_LOGIN_REQUIRED: {
    class: 'LoginRequiredError',
    status: 401,
    fault: 'browser',
    retryable: false,
    message: 'There is no usable token in this session: the person has to log in.',
    cause: '`reason` says which of the causes below it is.',
    fix: 'Redirect the person to the login route. `requireLogin` does that for page visits; `requireLogin({ strategy })` also does it when tokens are missing.',
    page: {
      title: 'You are not logged in',
      text: 'Please log in, and then try again.',
      loginLink: true,
    },
  },
  ERR_STEP_UP_REQUIRED: {
    class: 'StepUpRequiredError',
    status: 403,
    fault: 'browser',
    retryable: false,
    message: 'The login of this person is not enough for this.',
    cause:
      'A page (`requireLogin`, `strategy.checkLogin`) or an API (`strategy.fetch`) needs more than the person has granted, or a stronger or more recent authentication. `scope`, `acrValues` and `maxAgeSeconds` say what is missing. `requireLogin` sends people to the provider for it, and passes this error on if they come back without it.',
    fix: 'Pass the error to `strategy.startLogin(req, res, error)`, which sends the person to the provider for what is missing. It refuses to do so a second time if they have just come back without it.',
    page: {
      title: 'More is needed for this',
      text: 'The login service has not given what this page needs. You are still logged in.',
      loginLink: false,
    },
    checks: [
      '**It comes after the person was at the provider.** The provider has not granted the scope: is it registered for this client, and may this person have it?',
      '**An API still refuses.** Compare the `scope` and `acr_values` of its `WWW-Authenticate` with what the access token says.',
    ],
  },
  ERR_CONNECTION_REQUIRED: {
    class: 'ConnectionRequiredError',
    status: 401,
    fault: 'browser',
    retryable: false,
    message: 'The person has to connect this resource.',
    cause:
      'A request by `connections.fetchFor` needs an access token that this person’s connections do not give. `reason` says why: `not_connected`, `refused` (the resource or its authorization server no longer accepts the connection), `insufficient_scope` (`scope` says what is missing), `other_authorization_server` (the resource now trusts another one), or `client_forgotten` (the authorization server no longer knows this application).',
    fix: 'Send the person to `connectURL`, from a page or by a message. In a job, go on with the next person: `connections.list` shows the connection as waiting.',
    page: {
      title: 'A connection is needed',
      text: 'This application needs your permission at another server first. Connect it in the settings of this application.',
      loginLink: false,
    },
    checks: [
      '**`reason` is `not_connected` although the person has connected it.** Connections are found by the account, and by the address: it must be within the `resource` of the connection, as `connections.list` shows it.',
    ],
  },
  ERR_NOT_CONNECTABLE: {
    class: 'NotConnectableError',
    status: 422,
    fault: 'browser',
    retryable: false,
    message: 'This resource cannot be connected.',
    cause:
      'The address that a person has entered leads to nothing that can be connected safely: the message says what is wrong with it, and `reason` is one of `address` (not HTTPS, or not on the public internet), `no_metadata` (none, or none that can be used), `other_resource` (its metadata are of another resource), `other_issuer` (they are of another server, or it sends people to a login page of another origin without saying in its answers who it is), `no_pkce` (its authorization server does not offer S256), `client_needed` (it takes neither client metadata documents nor dynamic registration), `registration_refused`, and `too_many` (connections or registrations of this person).',
    fix: 'The person checks the address, or tells whoever runs the server. For `client_needed`, register this application there, and add the client to `registeredClients`.',
    page: {
      title: 'This server cannot be connected',
      text: 'There is no server at this address that this application can use. Check the address, or ask whoever runs the server. Nothing was changed.',
      loginLink: false,
    },
  },
  ERR_ANOTHER_PERSON: {
    class: 'AnotherPersonError',
    status: 403,
    fault: 'browser',
    retryable: false,
    message: 'Another person has come back from the provider than the one who is logged in.',
    cause:
      'A login that was to add something to the present one (`requireLogin` with `scope`, `acrValues` or `maxAgeSeconds`, or a step-up by `startLogin`) has ended with another account of the provider. Nobody was logged in or out, and the new tokens are not used.',
    fix: 'The person logs in to the provider with the account that they use here, or logs out here first.',
    page: {
      title: 'This was another account',
      text: 'The account at the login service is not the one that you are logged in with here. Nothing was changed. To change to it, log out here first.',
      loginLink: false,
    },
  },
  ERR_CROSS_SITE_REQUEST: {
    class: 'CrossSiteRequestError',
    status: 403,
    fault: 'browser',
    retryable: false,
    message: 'This request came from another site and was refused.',
    cause:
      'Another site made the browser post to `/logout`, started a login from an image or a frame, or tried to connect a provider. Nothing was changed.',
    fix: 'Nothing, unless it was your own button: start logins with a link or a redirect, and log out or connect a provider from a page of the app’s own origin.',
    page: { ...NOTHING_CHANGED, text: 'Another website made your browser send this request.' },
    checks: [
      '**It happens with your own form.** The proxy has to pass on `Host` as the browser sent it, see [Behind a proxy](behind-a-proxy.md).',
      '**It happens in a route of your own with `passport.authorize`**, after a redirect from the login or a link on another host. `authRouter(…, { connect: true })` asks the person in such a case.',
    ],
  },
  ERR_TWO_SESSIONS: {
    class: 'CrossSiteRequestError',
    status: 403,
    fault: 'browser',
    retryable: false,
    message: 'The browser has sent cookies of two sessions, so no provider was connected.',
    cause:
      'Two cookies have the name of the session cookie and name two sessions that exist, so it is not certain whose session this is. Another host of the same domain can plant such a cookie, to get the tokens into a session of its own. Nothing was changed.',
    fix: 'Name the session cookie `__Host-sid`, with `secure: true` and without `domain`: then only this host can set it. The person deletes the cookies of the whole domain, and logs in again.',
    page: {
      ...NOTHING_CHANGED,
      text: 'Your browser has two logins here at once, and one of them may not be yours. Delete the cookies of this site, and log in again.',
    },
    checks: [
      '**The `path` or `domain` of the session cookie was changed** a short time ago. Browsers keep the old cookie beside the new one until it expires. Another `name` ends that.',
      '**Another application on the same domain** uses the same cookie name, the same `secret` and the same session store. Give each a `name` of its own.',
    ],
  },
  ERR_LOGOUT_RESPONSE: {
    class: 'LogoutResponseError',
    status: 400,
    fault: 'browser',
    retryable: false,
    message: 'The browser came back from a logout that was not started in it.',
    cause:
      'A browser came to a route with `finishLogOut`, but no logout was started in it within the last 10 minutes, or it had come back already. Nothing was changed.',
    fix: 'Nothing, if it happens once. If it happens after each logout, `postLogoutRedirectURL` must be on the host where people log out, and the provider must send `state` back.',
    page: { ...NOTHING_CHANGED, text: 'This logout was not started in this browser.' },
  },
} as const satisfies Record<string, ErrorEntry>

/** The message and the cause of a `LoginRequiredError`, by its `reason`. */
export const LOGIN_REQUIRED_REASONS = {
  no_tokens: {
    message: 'There are no tokens: the person has to log in.',
    cause:
      'Nobody has logged in with this strategy in this session, or the account has no grant. In a job: grants are found by the account and by the name of the strategy. Is `account` what `accountOf` returns, or the `id` of the user that `verify` returns, or without `verify` the `account` of `req.user`? Is `name` that of the web app’s strategy? Has the person, or `grantLifetime`, ended the grant?',
  },
  expired: {
    message: 'The access token cannot be renewed: the person has to log in again.',
    cause:
      'The access token has expired, and there is no refresh token. Does the provider want a scope for refresh tokens, such as `offline_access`?',
  },
  grant_ended: {
    message: 'The grant has ended: the person has to log in again.',
    cause: 'The provider or this application has ended the grant.',
  },
  unreadable: {
    message: 'No tokenSecret opens the tokens in this session: the person has to log in again.',
    cause:
      'The tokens were sealed with a secret that is no longer in `tokenSecret`: see [Changing keys and secrets](key-rotation.md#secrets-of-your-own).',
  },
  not_logged_in: {
    message: 'This provider cannot be connected, because nobody is logged in.',
    cause:
      'A login was meant to connect another provider (`connect`, `passport.authorize`), but nobody is logged in, or the login has ended. `authRouter` with `loginPath` sends people to log in first.',
  },
} as const satisfies Record<string, { readonly message: string; readonly cause: string }>

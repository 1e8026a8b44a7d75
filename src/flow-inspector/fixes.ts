import type { ErrorCode } from '../errors/errors.js'

/** What to do, by the OAuth error that the provider has answered with. */
const OAUTH_FIXES: Readonly<Record<string, string>> = {
  access_denied:
    'The person, or a rule of the provider, said no. Nothing is wrong; to go on, log in again and allow it.',
  invalid_client:
    'Compare clientID and the client’s secret or key with what the provider has registered, and try another clientAuthentication: some servers know only one of client_secret_basic and client_secret_post.',
  invalid_grant:
    'The code or refresh token is used up, too old, or another client’s. For a code: is callbackURL the same, to the letter, as the one registered? Is the callback loaded twice? For a refresh token: the person has to log in again.',
  invalid_redirect_uri:
    'Register callbackURL at the provider, to the letter: scheme, port, path and trailing slash count.',
  invalid_request:
    'The provider misses a parameter or does not know one. Compare the parameters of the request below with its documentation.',
  invalid_scope:
    'Ask only for scopes that are registered for this client; compare the option scope with the provider’s list.',
  invalid_token:
    'The access token was refused: it is for another audience, lacks a scope, or has been revoked.',
  login_required:
    'With prompt=none nobody may be asked, and the person is not logged in at the provider. Start a login without it.',
  consent_required:
    'With prompt=none nobody may be asked, and the person has not consented yet. Start a login without it.',
  interaction_required:
    'With prompt=none nobody may be asked, and the provider has to. Start a login without it.',
  server_error: 'The provider failed. Try again later; its logs say more.',
  temporarily_unavailable: 'The provider is overloaded or under maintenance. Try again later.',
  unauthorized_client:
    'Allow this client the authorization code grant, and the refresh token grant, where it is registered.',
  unsupported_grant_type:
    'Is tokenURL the token endpoint of this provider? It does not know the grant.',
  unsupported_response_type:
    'Allow this client response_type=code where it is registered at the provider.',
  verify: 'Your verify function returned false for this person. If they should get in, look there.',
}

/** What to do, by the code of our own error. */
const CODE_FIXES: Readonly<Record<ErrorCode, string>> = {
  ERR_AUTHORIZATION_RESPONSE:
    'Look at what came back with the callback below. Without a code or an error, something in between has lost it; with another iss, the option issuer is not this provider’s.',
  ERR_CONFIGURATION: 'Change the option that the message names.',
  ERR_CROSS_SITE_REQUEST:
    'Another site has caused this request. Start logins by a link or a redirect, and log out by a form of your own pages.',
  ERR_DISCOVERY:
    'Open the issuer’s /.well-known/openid-configuration: is it there, and its issuer the same?',
  ERR_LOGIN_REQUIRED:
    'The person has to log in again: lead them to the login route, as requireLogin does.',
  ERR_LOGOUT_RESPONSE:
    'The logout was started in another browser, or too long ago. There is nothing to do.',
  ERR_LOGOUT_TOKEN:
    'Compare issuer, clientID and jwksURL with the provider’s: its logout token does not fit them.',
  ERR_PENDING_LOGIN_EXPIRED:
    'The login took longer than pendingLoginLifetimeMs. Start again; if it happens often, raise it.',
  ERR_PENDING_LOGIN_UNKNOWN:
    'This login was not started in this session. Use one host name everywhere (localhost and 127.0.0.1 are two), and a session store that all processes share.',
  ERR_PENDING_LOGIN_USED:
    'The callback was loaded a second time. Start again; if it happens every time, something loads it twice, such as a prefetching proxy or a second route.',
  ERR_PROFILE:
    'Call profileURL with an access token by hand: does it answer with JSON? Is a scope missing? Without a profile endpoint, leave profileURL out.',
  ERR_PUSHED_AUTHORIZATION_REQUEST:
    'Compare pushedAuthorizationRequestURL and the client’s authentication with what the provider has registered.',
  ERR_RESOURCE: 'The API did not answer. Is its address right, and reachable from this server?',
  ERR_SESSION_COOKIE_MISSING:
    'The session cookie did not come back. Use the host of callbackURL to start the login; set cookie.sameSite to lax; use secure only with HTTPS, and trust proxy behind a proxy.',
  ERR_SESSION_LOST:
    'The session is gone from its store. A MemoryStore forgets everything on a restart, and knows one process only.',
  ERR_STORAGE:
    'Is the session store or the ledger’s Redis running, and reachable from this server?',
  ERR_TOKEN_ENDPOINT:
    'Look at the token request and its answer below. Is tokenURL right, and reachable from this server?',
}

const LAST_RESORT =
  'This error is not the library’s: it comes from your own code, such as verify or a hook, or from a package it uses. Your error handler has it with its stack.'

const UNKNOWN_OAUTH_ERROR =
  'The provider answered with an error of its own; its documentation says what it means.'

/**
 * What a developer can do about a failure.
 *
 * @param reason the error's `code`, its `name` when it is not one of ours, or why a login was refused
 * @param oauthError what the provider has answered with, if it has
 */
export function fixOf(reason: string, oauthError: string | undefined): string {
  return (
    lookUp(OAUTH_FIXES, oauthError) ??
    lookUp(CODE_FIXES, reason) ??
    lookUp(OAUTH_FIXES, reason) ??
    (oauthError === undefined ? LAST_RESORT : UNKNOWN_OAUTH_ERROR)
  )
}

function lookUp(fixes: Readonly<Record<string, string>>, key = ''): string | undefined {
  return Object.hasOwn(fixes, key) ? fixes[key] : undefined
}

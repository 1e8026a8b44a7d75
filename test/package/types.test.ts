import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { Request } from 'express'
import { generateKeyPair } from 'jose'
import {
  apple,
  askara,
  authRouter,
  AuthorizationCodeStrategy,
  discover,
  github,
  Grants,
  jiko,
  keycloak,
  MemoryGrants,
  microsoft,
  requireLogin,
} from '../../src/index.js'
import type {
  AuthorizationCodeFlowError,
  AuthorizationCodeOptions,
  DefaultUser,
  ErrorCode,
  GrantStore,
  LoginRequiredReason,
  PendingLoginErrorCode,
  PendingLoginStore,
  Profile,
  ProviderOptions,
  TokenSet,
  Verify,
} from '../../src/index.js'

// The compiler checks this file: `tsc --noEmit` fails where a line marked `@ts-expect-error` compiles.
// What is in these functions is never run.

const where = {
  authorizationURL: 'https://provider.example/authorize',
  tokenURL: 'https://provider.example/token',
  callbackURL: 'https://app.example/callback',
}

declare const unset: string | undefined
declare const strategy: AuthorizationCodeStrategy
declare const request: Request

/** True when each type is assignable to the other, and neither is `any`. */
type Same<A, B> = 0 extends 1 & A ? false : [A, B] extends [B, A] ? true : false

/** For a function that only has to compile. */
function expectToCompile(work: () => unknown): void {
  expect(work).toBeInstanceOf(Function)
}

describe('the options', () => {
  it('take what the environment has or has not, without an assertion', () => {
    expectToCompile(() => [
      new AuthorizationCodeStrategy({
        ...askara,
        clientID: process.env['ASKARA_CLIENT_ID'],
        clientSecret: process.env['ASKARA_CLIENT_SECRET'],
        callbackURL: 'https://app.example/callback',
      }),
      new AuthorizationCodeStrategy({
        ...jiko,
        clientID: unset,
        privateKey: unset,
        keyId: unset,
        callbackURL: 'https://app.example/callback',
      }),
    ])
  })

  it('are complete only with clientID and callbackURL', () => {
    expectToCompile(() => [
      // @ts-expect-error -- clientID may be undefined, and must be mentioned
      new AuthorizationCodeStrategy({ ...where }),
      // @ts-expect-error -- callbackURL is never guessed from a request
      new AuthorizationCodeStrategy({ ...askara, clientID: unset }),
      // @ts-expect-error -- callbackURL is written down, not read from an environment that may lack it
      new AuthorizationCodeStrategy({ ...askara, clientID: unset, callbackURL: unset }),
    ])
  })

  it('are none but those that exist', () => {
    expectToCompile(() => [
      // @ts-expect-error -- it is spelled clientID
      new AuthorizationCodeStrategy({ ...where, clientID: 'a', clientId: 'a' }),
      // @ts-expect-error -- state cannot be turned off
      new AuthorizationCodeStrategy({ ...where, clientID: 'a', state: false }),
      // @ts-expect-error -- PKCE is always S256
      new AuthorizationCodeStrategy({ ...where, clientID: 'a', pkce: 'plain' }),
      // @ts-expect-error -- verify always gets the request
      new AuthorizationCodeStrategy({ ...where, clientID: 'a', passReqToCallback: true }),
    ])
  })

  it('take none but the values that mean something', () => {
    expectToCompile(() => [
      // @ts-expect-error -- no such method of client authentication
      { clientAuthentication: 'client_secret' } satisfies Partial<AuthorizationCodeOptions>,
      // @ts-expect-error -- an assertion is always signed
      { clientAssertionAlgorithm: 'none' } satisfies Partial<AuthorizationCodeOptions>,
      // @ts-expect-error -- HMAC is for the secret, not for a private key
      { privateKey: [{ key: '', alg: 'HS256' }] } satisfies Partial<AuthorizationCodeOptions>,
      // @ts-expect-error -- one audience, a string
      { clientAssertionAudience: ['a', 'b'] } satisfies Partial<AuthorizationCodeOptions>,
      // @ts-expect-error -- one of form and json
      { tokenRequestFormat: 'xml' } satisfies Partial<AuthorizationCodeOptions>,
      // @ts-expect-error -- parameters are strings
      { authorizationParameters: { max_age: 60 } } satisfies Partial<AuthorizationCodeOptions>,
      // @ts-expect-error -- a list of field names
      { keepSession: 'cart' } satisfies Partial<AuthorizationCodeOptions>,
      // @ts-expect-error -- a store has to take as well as put
      { put: () => Promise.resolve() } satisfies AuthorizationCodeOptions['pendingLogins'],
    ])
  })

  it('take a private key in every form', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const jwk = privateKey.export({ format: 'jwk' })
    for (const key of [pem, createPrivateKey(pem), { ...jwk, kty: 'OKP' }]) {
      const made = new AuthorizationCodeStrategy({ ...where, clientID: 'a', privateKey: key })
      expect(made.name).toBe('oauth2')
    }
    expectToCompile(async () => [
      new AuthorizationCodeStrategy({
        ...where,
        clientID: 'a',
        privateKey: (await generateKeyPair('EdDSA')).privateKey,
      }),
      // @ts-expect-error -- a Buffer is not read as PEM
      new AuthorizationCodeStrategy({ ...where, clientID: 'a', privateKey: Buffer.from(pem) }),
    ])
  })

  it('of a provider are plain data that can be typed, spread and discovered', () => {
    const mine = {
      name: 'mine',
      authorizationURL: 'https://provider.example/authorize',
      tokenURL: 'https://provider.example/token',
    } as const satisfies ProviderOptions
    const name: Same<(typeof mine)['name'], 'mine'> = true
    const constants: Same<(typeof askara)['name'] | (typeof jiko)['name'], 'askara' | 'jiko'> = true
    expect([name, constants]).toEqual([true, true])
    const { callbackURL } = where
    expectToCompile(() => [
      new AuthorizationCodeStrategy({
        ...github,
        clientID: unset,
        clientSecret: unset,
        callbackURL,
      }),
      new AuthorizationCodeStrategy({
        ...keycloak(unset),
        clientID: unset,
        clientSecret: () => Promise.resolve('secret'),
        callbackURL,
      }),
      new AuthorizationCodeStrategy({
        ...apple({ clientID: unset, teamID: unset, keyID: unset, privateKey: unset }),
        callbackURL,
      }),
      // @ts-expect-error -- whose accounts may log in has to be said
      microsoft(),
    ])
    expectToCompile(async () => [
      new AuthorizationCodeStrategy({
        ...(await discover('https://provider.example')),
        clientID: unset,
        callbackURL: 'https://app.example/callback',
      }),
      // @ts-expect-error -- a provider has no client's credentials
      { ...mine, clientSecret: 'secret' } satisfies ProviderOptions,
    ])
  })
})

describe('verify', () => {
  const options = { ...where, clientID: 'client-1' }

  it('gets one object: the tokens, the profile if there is one, and Express’s request', () => {
    expectToCompile(
      () =>
        new AuthorizationCodeStrategy(options, ({ tokens, profile, req }) => {
          const types: [
            Same<typeof tokens, TokenSet>,
            Same<typeof profile, Profile | undefined>,
            Same<typeof req, Request>,
          ] = [true, true, true]
          return { id: profile?.id, accessToken: tokens.accessToken, ip: req.ip, types }
        }),
    )
  })

  it('returns a user or false, at once or later', () => {
    const verifiers: Verify[] = [
      () => ({ id: 1 }),
      () => false,
      () => null,
      async () => Promise.resolve({ id: 1 }),
      async () => Promise.resolve(false),
    ]
    expect(verifiers).toHaveLength(5)
    expectToCompile(() => [
      // @ts-expect-error -- returning nothing is a mistake: false refuses
      new AuthorizationCodeStrategy(options, () => undefined),
      // @ts-expect-error -- there is no callback to call: the user is returned
      new AuthorizationCodeStrategy(options, (_login, done) => ({ done })),
      // @ts-expect-error -- passport-oauth2's positional arguments are one object here
      new AuthorizationCodeStrategy(options, (accessToken: string) => ({ accessToken })),
    ])
  })
})

describe('the methods', () => {
  it('take Express’s request and say what they return', () => {
    expectToCompile(() => {
      const types: [
        Same<ReturnType<typeof strategy.tokens>, Promise<TokenSet | undefined>>,
        Same<ReturnType<typeof strategy.accessToken>, Promise<string>>,
        Same<ReturnType<typeof strategy.fetch>, Promise<Response>>,
        Same<ReturnType<typeof strategy.endGrant>, Promise<number>>,
        Same<ReturnType<typeof strategy.logOut>, Promise<string | undefined>>,
      ] = [true, true, true, true, true]
      void strategy.fetch(request, new URL('https://api.example/me'), {
        method: 'POST',
        body: '{}',
      })
      // @ts-expect-error -- the URL is missing
      void strategy.fetch(request)
      // @ts-expect-error -- the request is missing
      void strategy.accessToken()
      return types
    })
  })

  it('hand out tokens that nobody can write to', () => {
    expectToCompile(async () => {
      const tokens = await strategy.tokens(request)
      // @ts-expect-error -- there may be no tokens
      const { accessToken } = tokens
      // @ts-expect-error -- read only
      if (tokens) tokens.accessToken = ''
      // @ts-expect-error -- our names, not the wire's
      const wire: unknown = tokens?.access_token
      return { accessToken: accessToken as unknown, wire }
    })
  })

  it('do not show what the strategy is made of', () => {
    // @ts-expect-error -- private
    expectToCompile(() => strategy.parts)
  })

  it('of passport-oauth2 are still hooks of a subclass', () => {
    class Mine extends AuthorizationCodeStrategy {
      override authorizationParams(options: { prompt?: string }): object {
        return options.prompt === undefined ? {} : { prompt: options.prompt }
      }
      override tokenParams(): object {
        return { resource: 'https://api.example' }
      }
      override userProfile(
        accessToken: string,
        done: (error?: unknown, profile?: Profile) => void,
      ): void {
        done(null, { provider: this.name, id: accessToken, _json: {} })
      }
    }
    expect(new Mine({ ...where, clientID: 'a' })).toBeInstanceOf(AuthorizationCodeStrategy)
  })
})

describe('the middleware', () => {
  it('takes a strategy of ours and known options', () => {
    expectToCompile(() => [
      authRouter(strategy, { successRedirect: '/', failureRedirect: unset, logoutRedirect: '/' }),
      authRouter(strategy, { onError: (error, _req, _res, next) => next(error) }),
      requireLogin(),
      requireLogin({ loginPath: '/login' }),
      // @ts-expect-error -- the strategy itself, not its name
      authRouter('askara'),
      authRouter(strategy, { connect: 'also', loginPath: '/login' }),
      // @ts-expect-error -- no such option
      authRouter(strategy, { logoutPath: '/login' }),
      // @ts-expect-error -- no such option
      requireLogin({ redirect: '/login' }),
    ])
  })
})

describe('the errors', () => {
  /** The compiler refuses this function when a code is missing or a field is not where it should be. */
  function factsOf(error: AuthorizationCodeFlowError): readonly unknown[] {
    switch (error.code) {
      case 'ERR_CONFIGURATION':
        return [error.option, error.status satisfies 500]
      case 'ERR_SESSION_COOKIE_MISSING':
      case 'ERR_SESSION_LOST':
      case 'ERR_PENDING_LOGIN_UNKNOWN':
      case 'ERR_PENDING_LOGIN_EXPIRED':
      case 'ERR_PENDING_LOGIN_USED':
        return [error.hints satisfies readonly string[], error.status satisfies 400]
      case 'ERR_AUTHORIZATION_RESPONSE':
        return [error.error, error.errorDescription]
      case 'ERR_AUTHENTICATION_REQUIREMENTS':
        return [error.requested.acrValues, error.got.acr, error.status satisfies 403]
      case 'ERR_TOKEN_ENDPOINT':
      case 'ERR_PUSHED_AUTHORIZATION_REQUEST':
      case 'ERR_PROFILE':
      case 'ERR_RESOURCE':
      case 'ERR_DISCOVERY':
        return [error.phase, error.httpStatus, error.networkCode, error.error]
      case 'ERR_LOGIN_REQUIRED':
        return [error.reason satisfies LoginRequiredReason, error.status satisfies 401]
      case 'ERR_LOGOUT_RESPONSE':
      case 'ERR_LOGOUT_TOKEN':
      case 'ERR_LOGOUT_UNFINISHED':
        return [error.status satisfies 400]
      case 'ERR_STEP_UP_REQUIRED':
        return [error.scope, error.acrValues, error.maxAgeSeconds, error.response?.status]
      case 'ERR_CONNECTION_REQUIRED':
        return [error.reason, error.resource, error.connectURL, error.scope]
      case 'ERR_NOT_CONNECTABLE':
        return [error.reason, error.status satisfies 422]
      case 'ERR_ANOTHER_PERSON':
      case 'ERR_CROSS_SITE_REQUEST':
      case 'ERR_TWO_SESSIONS':
        return [error.status satisfies 403]
      case 'ERR_STORAGE':
        return [error.cause, error.status satisfies 503]
    }
  }

  it('narrow by switch (error.code), and none is left over', () => {
    expectToCompile(() => factsOf)
  })

  it('have no facts of another error', () => {
    expectToCompile(() => (error: AuthorizationCodeFlowError) => {
      // @ts-expect-error -- only an error of a request to the provider has an HTTP status
      const status: unknown = error.code === 'ERR_LOGIN_REQUIRED' ? error.httpStatus : undefined
      // @ts-expect-error -- not a code of ours
      const timedOut = error.code === 'ERR_TIMEOUT'
      return { status, timedOut, retryable: error.retryable satisfies boolean }
    })
  })

  it('have codes that can be listed', () => {
    const codes: Same<
      ErrorCode,
      | PendingLoginErrorCode
      | 'ERR_CONFIGURATION'
      | 'ERR_AUTHORIZATION_RESPONSE'
      | 'ERR_AUTHENTICATION_REQUIREMENTS'
      | 'ERR_STEP_UP_REQUIRED'
      | 'ERR_CONNECTION_REQUIRED'
      | 'ERR_NOT_CONNECTABLE'
      | 'ERR_ANOTHER_PERSON'
      | 'ERR_TOKEN_ENDPOINT'
      | 'ERR_PUSHED_AUTHORIZATION_REQUEST'
      | 'ERR_LOGOUT_RESPONSE'
      | 'ERR_LOGOUT_TOKEN'
      | 'ERR_LOGOUT_UNFINISHED'
      | 'ERR_PROFILE'
      | 'ERR_RESOURCE'
      | 'ERR_DISCOVERY'
      | 'ERR_LOGIN_REQUIRED'
      | 'ERR_CROSS_SITE_REQUEST'
      | 'ERR_TWO_SESSIONS'
      | 'ERR_STORAGE'
    > = true
    expect(codes).toBe(true)
  })
})

describe('what the application brings itself', () => {
  it('can be typed by the exported interfaces', () => {
    const store: PendingLoginStore = {
      put: () => Promise.resolve(),
      take: () => Promise.resolve({ status: 'unknown' }),
    }
    const nobody = { id: undefined, account: undefined, profile: undefined }
    const user: DefaultUser = { provider: 'askara', ...nobody }
    const records: GrantStore = {
      get: () => Promise.resolve(undefined),
      compareAndSet: (_id, was) => Promise.resolve(was === undefined),
      link: () => Promise.resolve(),
      linked: () => Promise.resolve([]),
      unlink: () => Promise.resolve(),
    }
    const secret = 'a secret of 32 characters or more'
    const kept = [new Grants(records, { secret }), new MemoryGrants()]
    const strategies = kept.map(
      (grants) => new AuthorizationCodeStrategy({ ...where, clientID: 'client-1', grants }),
    )
    expect([store, user, ...strategies]).toHaveLength(4)
    expectToCompile(() => [
      // @ts-expect-error -- a pending login that was found comes with the login
      { status: 'pending' } satisfies Awaited<ReturnType<PendingLoginStore['take']>>,
      // @ts-expect-error -- every key of a default user is there
      { provider: 'askara' } satisfies DefaultUser,
      // @ts-expect-error -- a store has five methods
      new Grants({ get: () => Promise.resolve(undefined) }, { secret }),
      // @ts-expect-error -- records are always sealed
      new Grants(records, {}),
      // @ts-expect-error -- a store alone is not sealed
      new AuthorizationCodeStrategy({ ...where, clientID: 'client-1', grants: records }),
    ])
  })
})

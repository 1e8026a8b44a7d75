import { describe, expect, it } from '@jest/globals'
import { MemoryStore } from 'express-session'
import OAuth2Strategy from 'passport-oauth2'
import { createMemoryStore } from '../../src/grants/memory-store.js'
import { connectResources } from '../../src/connect.js'
import { flowInspector } from '../../src/flow-inspector.js'
import {
  authRouter,
  AuthorizationCodeStrategy,
  cookiePendingLogins,
  discover,
  Grants,
  guardSessionStore,
  requireLogin,
  silentLogin,
} from '../../src/index.js'
import { PostgresGrants } from '../../src/postgres.js'
import { RedisGrants } from '../../src/redis.js'
import { startTestProvider } from '../../src/testing.js'
import { GRANT_SECRET } from '../support/grant-modes.js'

const strategy = new AuthorizationCodeStrategy({
  authorizationURL: 'https://provider.example/authorize',
  tokenURL: 'https://provider.example/token',
  clientID: 'client-1',
  callbackURL: 'https://app.example/callback',
})
const store = new MemoryStore()
const ISSUER = 'https://provider.example'

/** Everything of this package that takes an object of options, called as by somebody without types. */
const TAKERS: Readonly<Record<string, (options: never) => unknown>> = {
  AuthorizationCodeStrategy: (options) => new AuthorizationCodeStrategy(options),
  authRouter: (options) => authRouter(strategy, options),
  requireLogin: (options) => requireLogin(options),
  silentLogin: (options) => silentLogin(options),
  connectResources: (options) => connectResources(options),
  cookiePendingLogins: (options) => cookiePendingLogins(options),
  discover: (options) => discover(ISSUER, options),
  flowInspector: (options) => flowInspector(strategy, options),
  guardSessionStore: (options) => guardSessionStore(store, options),
  Grants: (options) => new Grants(createMemoryStore(), options),
  RedisGrants: (options) => new RedisGrants(options),
  PostgresGrants: (options) => new PostgresGrants(options),
  startTestProvider: (options) => startTestProvider(options),
}

/** The error of a call that throws, or whose promise is rejected. */
async function refusalOf(work: () => unknown): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error
  }
}

const refusal = (message: string): object =>
  expect.objectContaining({
    code: 'ERR_CONFIGURATION',
    message: expect.stringContaining(message),
  })

describe.each(Object.entries(TAKERS))('%s', (name, take) => {
  it.each([['/a-string'], [5], [null], [[]]])(
    'refuses %j instead of an object of options, and says what to write',
    async (given) => {
      const error = await refusalOf(() => take(given as never))
      expect(error).toEqual(refusal('The options must be an object. Write '))
      expect((error as Error).message).toContain(name)
    },
  )

  it('refuses an option that does not exist', async () => {
    const error = await refusalOf(() => take({ flavour: 'sweet' } as never))
    expect(error).toEqual(refusal("There is no option 'flavour'."))
  })
})

describe('a name that is nearly right', () => {
  it.each([
    ['authRouter', 'succesRedirect', 'successRedirect'],
    ['authRouter', 'success_redirect', 'successRedirect'],
    ['requireLogin', 'loginPaths', 'loginPath'],
    ['cookiePendingLogins', 'secrets', 'secret'],
    ['cookiePendingLogins', 'lifetime', 'lifetimeMs'],
    ['discover', 'timeout', 'timeoutMs'],
    ['flowInspector', 'dangerouslyAllowRemotes', 'dangerouslyAllowRemote'],
    ['guardSessionStore', 'grant', 'grants'],
    ['Grants', 'cachSeconds', 'cacheSeconds'],
    ['RedisGrants', 'prefx', 'prefix'],
    ['RedisGrants', 'secrets', 'secret'],
    ['PostgresGrants', 'query_timeout', 'queryTimeoutMs'],
    ['startTestProvider', 'clientId', 'clientID'],
  ])('%s answers %s with %s', async (name, wrong, meant) => {
    const error = await refusalOf(() => TAKERS[name]?.({ [wrong]: 'x' } as never))
    expect(error).toEqual(refusal(`There is no option '${wrong}'. Did you mean '${meant}'?`))
  })
})

describe('what is called without the options that it needs', () => {
  it.each<[string, () => unknown, string]>([
    ['RedisGrants', () => new RedisGrants(undefined as never), 'new RedisGrants({ client'],
    ['RedisGrants', () => new RedisGrants({} as never), 'client is missing. Write new RedisGrants'],
    [
      'PostgresGrants',
      () => new PostgresGrants({} as never),
      'pool is missing. Write new Postgres',
    ],
    ['Grants', () => new Grants(createMemoryStore(), undefined as never), 'new Grants(store'],
    [
      'Grants',
      () => new Grants(createMemoryStore(), {} as never),
      'secret is missing. Write new G',
    ],
    ['Grants', () => new Grants({} as never, { secret: GRANT_SECRET }), 'store'],
    [
      'AuthorizationCodeStrategy',
      () => new AuthorizationCodeStrategy(undefined as never),
      'new AuthorizationCodeStrategy({',
    ],
    ['cookiePendingLogins', () => cookiePendingLogins(undefined as never), '({ secret'],
    ['cookiePendingLogins', () => cookiePendingLogins({} as never), 'secret is missing. Write'],
    [
      'guardSessionStore',
      () => guardSessionStore(undefined as never),
      'must be a session store. Write guardSessionStore(store, { grants })',
    ],
    [
      'flowInspector',
      () => flowInspector(undefined as never),
      'takes an AuthorizationCodeStrategy',
    ],
  ])('%s says what to write', async (_, work, advice) => {
    expect(await refusalOf(work)).toEqual(refusal(advice))
  })
})

describe('grants', () => {
  it.each<[string, unknown]>([
    ['too short', 'x'.repeat(31)],
    ['empty', ''],
    ['an empty list', []],
    ['too short in a list', [GRANT_SECRET, 'short']],
    ['no string', 42],
  ])('refuse a secret that is %s', async (_, secret) => {
    const store = createMemoryStore()
    const error = await refusalOf(() => new Grants(store, { secret: secret as string }))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'secret' })
  })

  it.each([-1, NaN, '10'])('refuse to keep records for %p seconds', async (cacheSeconds) => {
    const options = { secret: GRANT_SECRET, cacheSeconds: cacheSeconds as number }
    const error = await refusalOf(() => new Grants(createMemoryStore(), options))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'cacheSeconds' })
  })
})

describe('authRouter and requireLogin', () => {
  const other = new OAuth2Strategy(
    { authorizationURL: ISSUER, tokenURL: ISSUER, clientID: 'a', clientSecret: 'b' },
    () => undefined,
  )

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['a name', 'askara'],
    ['options', { clientID: 'a' }],
    ['a strategy of another kind', other],
    ['the class', AuthorizationCodeStrategy],
  ])('refuse %s instead of a strategy, and say what to pass', async (_, given) => {
    const advice = 'strategy must be an AuthorizationCodeStrategy: what new AuthorizationCodeS'
    expect(await refusalOf(() => authRouter(given as never))).toEqual(refusal(advice))
    const options = { strategy: given ?? null } as never
    expect(await refusalOf(() => requireLogin(options))).toEqual(refusal(advice))
  })

  it.each(['successRedirect', 'failureRedirect', 'logoutRedirect', 'onError', 'connect'])(
    'refuse a value that cannot be used, by its name: %s',
    async (option) => {
      const error = await refusalOf(() => authRouter(strategy, { [option]: 5 }))
      expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option })
    },
  )
})

describe('discover', () => {
  it.each([undefined, ''])('says that the issuer is missing when it gets %p', async (issuer) => {
    const error = await refusalOf(() => discover(issuer))
    expect(error).toEqual(refusal('issuer is missing. Is the environment variable set?'))
  })

  it.each([
    [`${ISSUER}/.well-known/openid-configuration`, ISSUER],
    [`${ISSUER}/realms/main/.well-known/openid-configuration`, `${ISSUER}/realms/main`],
    [`${ISSUER}/.well-known/oauth-authorization-server`, ISSUER],
    [`${ISSUER}/.well-known/oauth-authorization-server/realms/main`, `${ISSUER}/realms/main`],
    ['https://a:secret@provider.example/.well-known/openid-configuration', ISSUER],
  ])('says which issuer to write for the address of its metadata: %s', async (url, issuer) => {
    expect(await refusalOf(() => discover(url))).toEqual(refusal(`'${issuer}'.`))
  })

  it.each(['provider.example', 'http://provider.example'])(
    'says that an issuer is an HTTPS URL when it gets %s',
    async (issuer) => {
      expect(await refusalOf(() => discover(issuer))).toEqual(refusal('must be an HTTPS URL'))
    },
  )
})

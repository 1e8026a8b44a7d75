import type { AddRoutes } from './scene.js'
import type { Variant } from './library.js'

/** One of the applications that are compared. */
export interface Contestant {
  /** Its name in tables. */
  readonly title: string
  /** Where its logins start. */
  readonly loginPath: string
  /** Where the token is that has to be posted to `loginPath`; a login starts without one if left out. */
  readonly csrfPath?: string
  /** The packages it is made of, whose versions go with the figures. */
  readonly packages: readonly string[]
  /** Whether it can refresh tokens. */
  readonly refreshes: boolean
  /** Whether the application can keep fields of its own in a session. */
  readonly sessionFields: boolean
  /** Whether a job can use tokens without a request, at `/job`. */
  readonly jobs: boolean
  /** What it leaves to the application, or does not do at all. Read in its documentation and its code. */
  readonly doesNot: readonly string[]
  readonly load: () => Promise<AddRoutes>
}

const OURS = 'passport-authorization-code'
const COMMON = { loginPath: '/login', refreshes: true, sessionFields: true, jobs: false }

const TABS = 'finish all logins that began in several tabs'
const SHARING = 'share a refresh between requests, or between processes'
const JOBS = 'use tokens without a request'
const REVOKING = 'revoke tokens'
const KEEPING = 'keep tokens, and know when to refresh them'
const BY_HAND = [TABS, SHARING, JOBS, REVOKING, 'tell errors apart', 'check `iss`']

/** Those of `bench/others`, which are JavaScript: their types would bring a browser's to all files of this project. */
async function loadOther(name: string): Promise<AddRoutes> {
  const { href } = new URL(`../others/${name}.js`, import.meta.url)
  return ((await import(href)) as { readonly addRoutes: AddRoutes }).addRoutes
}

function library(extra: string, variant: Variant): Contestant {
  return {
    ...COMMON,
    title: `${OURS}${extra}`,
    jobs: variant.tokens === 'redis',
    doesNot: variant.tokens === 'redis' ? [] : ['share a refresh between processes', JOBS],
    loginPath: '/auth/login',
    packages: [],
    load: async () => (await import('./library.js')).libraryRoutes(variant),
  }
}

/** All applications by their names, in the order of the tables. */
export const CONTESTANTS = {
  bare: {
    ...COMMON,
    title: 'bare',
    doesNot: BY_HAND,
    packages: ['express', 'express-session', 'connect-redis', 'redis', 'undici'],
    load: async () => (await import('./bare.js')).addRoutes,
  },
  'passport-session': {
    ...COMMON,
    title: 'bare, after passport.session()',
    doesNot: BY_HAND,
    packages: ['passport'],
    load: async () => (await import('./passport-session.js')).addRoutes,
  },
  session: library(', tokens in the session', { tokens: 'session', cookies: false }),
  sealed: library(', tokens sealed in the session', { tokens: 'sealed', cookies: false }),
  'session-cookies': library(', tokens in the session, pending logins in cookies', {
    tokens: 'session',
    cookies: true,
  }),
  library: library(', grants in Redis', { tokens: 'redis', cookies: false }),
  cookies: library(', grants in Redis, pending logins in cookies', {
    tokens: 'redis',
    cookies: true,
  }),
  'passport-oauth2': {
    ...COMMON,
    title: 'passport-oauth2',
    doesNot: [KEEPING, TABS, SHARING, JOBS, REVOKING, 'check `iss`'],
    packages: ['passport', 'passport-oauth2', 'passport-oauth2-refresh'],
    load: async () => (await import('./passport-oauth2.js')).addRoutes,
  },
  grant: {
    ...COMMON,
    title: 'grant',
    loginPath: '/connect/bench',
    refreshes: false,
    doesNot: ['refresh tokens', TABS, JOBS, REVOKING, 'check `iss`'],
    packages: ['grant'],
    load: async () => (await import('./grant.js')).addRoutes,
  },
  'openid-client': {
    ...COMMON,
    title: 'openid-client, its Passport strategy',
    doesNot: [KEEPING, TABS, SHARING, JOBS],
    packages: ['openid-client'],
    load: async () => (await import('./openid-client.js')).addRoutes,
  },
  'express-openid-connect': {
    ...COMMON,
    title: 'express-openid-connect',
    doesNot: [TABS, SHARING, JOBS, REVOKING, 'use providers without OpenID Connect'],
    packages: ['express-openid-connect'],
    load: async () => (await import('./express-openid-connect.js')).addRoutes,
  },
  'better-auth': {
    ...COMMON,
    title: 'better-auth',
    jobs: true,
    doesNot: [
      TABS,
      SHARING,
      'tell a provider that fails from a grant that has ended',
      'keep the tokens of two logins of a person apart',
      REVOKING,
    ],
    packages: ['better-auth'],
    load: () => loadOther('better-auth'),
  },
  'auth-js': {
    ...COMMON,
    title: 'Auth.js',
    loginPath: '/auth/signin/bench',
    csrfPath: '/auth/csrf',
    sessionFields: false,
    doesNot: [
      'refresh tokens: its guide has code for the application',
      'keep the tokens that were refreshed in `getSession`',
      TABS,
      SHARING,
      JOBS,
      REVOKING,
      'end a session whose cookie somebody has copied',
      'let a handler of Express write into a session',
    ],
    packages: ['@auth/express', '@auth/core'],
    load: () => loadOther('auth-js'),
  },
} as const satisfies Record<string, Contestant>

/** The name of an application. */
export type Name = keyof typeof CONTESTANTS

/** The names of all applications. */
export const NAMES = Object.keys(CONTESTANTS) as readonly Name[]

import type { AddRoutes } from './scene.js'

/** One of the applications that are compared. */
export interface Contestant {
  /** Its name in tables. */
  readonly title: string
  /** Where its logins start. */
  readonly loginPath: string
  /** The packages it is made of, whose versions go with the figures. */
  readonly packages: readonly string[]
  /** Whether it can refresh tokens. */
  readonly refreshes: boolean
  /** Whether its sessions are those of express-session. */
  readonly expressSession: boolean
  readonly load: () => Promise<AddRoutes>
}

const OURS = 'passport-authorization-code'
const COMMON = { loginPath: '/login', refreshes: true, expressSession: true }

function library(extra: string, sealed: boolean, cookies: boolean): Contestant {
  return {
    ...COMMON,
    title: `${OURS}${extra}`,
    loginPath: '/auth/login',
    packages: [],
    load: async () => (await import('./library.js')).libraryRoutes({ sealed, cookies }),
  }
}

/** All applications by their names, in the order of the tables. */
export const CONTESTANTS = {
  bare: {
    ...COMMON,
    title: 'bare',
    packages: ['express', 'express-session', 'connect-redis', 'redis', 'undici'],
    load: async () => (await import('./bare.js')).addRoutes,
  },
  'passport-session': {
    ...COMMON,
    title: 'bare, after passport.session()',
    packages: ['passport'],
    load: async () => (await import('./passport-session.js')).addRoutes,
  },
  library: library('', false, false),
  sealed: library(', tokens sealed', true, false),
  cookies: library(', pending logins in cookies', false, true),
  'sealed-cookies': library(', both', true, true),
  'passport-oauth2': {
    ...COMMON,
    title: 'passport-oauth2',
    packages: ['passport', 'passport-oauth2', 'passport-oauth2-refresh'],
    load: async () => (await import('./passport-oauth2.js')).addRoutes,
  },
  grant: {
    ...COMMON,
    title: 'grant',
    loginPath: '/connect/bench',
    refreshes: false,
    packages: ['grant'],
    load: async () => (await import('./grant.js')).addRoutes,
  },
  'openid-client': {
    ...COMMON,
    title: 'openid-client, its Passport strategy',
    packages: ['openid-client'],
    load: async () => (await import('./openid-client.js')).addRoutes,
  },
  'express-openid-connect': {
    ...COMMON,
    title: 'express-openid-connect',
    expressSession: false,
    packages: ['express-openid-connect'],
    load: async () => (await import('./express-openid-connect.js')).addRoutes,
  },
} as const satisfies Record<string, Contestant>

/** The name of an application. */
export type Name = keyof typeof CONTESTANTS

/** The names of all applications. */
export const NAMES = Object.keys(CONTESTANTS) as readonly Name[]

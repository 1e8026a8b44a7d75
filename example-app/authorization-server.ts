import { createHash, randomBytes } from 'node:crypto'
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose'
import type { ClientMetadata } from 'oidc-provider'
import { startTenant, type TenantDefinition } from './authorization-server/tenant.js'
import type { TokenRequest } from './authorization-server/token-requests.js'

export type { TokenRequest } from './authorization-server/token-requests.js'

/** One value for each of the two providers. */
export interface PerTenant<Value> {
  readonly askara: Value
  readonly jiko: Value
}

/** What {@link startAuthorizationServer} may be told. Everything has a default. */
export interface AuthorizationServerOptions {
  /**
   * The exact callback URLs of the clients. A provider without one still starts, and refuses every
   * authorization request.
   *
   * @default none
   */
  readonly callbackURLs?: Partial<PerTenant<string | readonly string[]>>

  /**
   * The ports to listen on, at 127.0.0.1; `0` takes any that is free.
   *
   * @default 0 for both
   */
  readonly ports?: Partial<PerTenant<number>>

  /**
   * How long access tokens live, in whole **seconds**, 1 or more.
   *
   * @default 3600 for Askara, 900 for Jiko
   */
  readonly accessTokenSeconds?: Partial<PerTenant<number>>

  /**
   * How long refresh tokens live, in whole **seconds**, 1 or more. Each new one starts anew.
   *
   * @default 7_776_000 (90 days) for both
   */
  readonly refreshTokenSeconds?: Partial<PerTenant<number>>

  /**
   * Whether each refresh brings a new refresh token and uses up the old one. Using an old one again
   * then ends the whole grant.
   *
   * @default true
   */
  readonly rotateRefreshTokens?: boolean

  /** The public keys that Jiko's client is registered with. @default a fresh one, in `tenants.jiko` */
  readonly clientKeys?: NonNullable<ClientMetadata['jwks']>

  /** Called for every request to a token endpoint, before its answer has reached the client. */
  readonly onTokenRequest?: (request: TokenRequest) => void

  /** Called for every request to a revocation endpoint, before its answer has reached the client. */
  readonly onRevocation?: (request: TokenRequest) => void
}

/** How to reach the Askara stand-in: every member is an option of `AuthorizationCodeStrategy`. */
export interface AskaraTenant {
  readonly authorizationURL: string
  readonly tokenURL: string
  /** Not in Askara's documentation. */
  readonly revocationURL: string
  readonly profileURL: string
  readonly clientID: string
  readonly clientSecret: string
}

/** How to reach the Jiko stand-in: every member but `apiURL` is an option of `AuthorizationCodeStrategy`. */
export interface JikoTenant {
  readonly authorizationURL: string
  readonly tokenURL: string
  /** Not in Jiko's documentation. */
  readonly revocationURL: string
  readonly apiURL: string
  readonly clientID: string
  /** The key that signs the client's assertions, PKCS #8 in PEM. */
  readonly privateKey: string
  readonly keyId: string
}

/** How to reach both stand-ins: plain data, which another process can use as well. */
export interface Tenants {
  readonly askara: AskaraTenant
  readonly jiko: JikoTenant
}

/** Two running providers. */
export interface AuthorizationServer {
  /** The issuer identifiers, each the origin of its provider, for discovery and for `iss`. */
  readonly issuers: PerTenant<string>
  readonly tenants: Tenants
  /** Ends all that was granted so far, as when people take their consent back. */
  endGrants(): void
  /** Cuts every connection and stops listening. All that was granted is forgotten. */
  close(): Promise<void>
}

const DAY_SECONDS = 24 * 60 * 60

/**
 * Starts local stand-ins for Askara and Jiko, for trying out and for tests: their paths, formats,
 * client authentication and lifetimes, with a login page where any name will do and a consent page.
 * Every start has new secrets and keys. It is no authorization server for anybody else.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const clientSecret = randomBytes(32).toString('base64url')
  const key = await generateClientKey()

  const askara = await startTenant(defineAskara(options, clientSecret))
  const jiko = await startTenant(defineJiko(options, options.clientKeys ?? key.jwks)).catch(
    async (error: unknown) => {
      await askara.close()
      throw error
    },
  )

  return {
    issuers: { askara: askara.origin, jiko: jiko.origin },
    tenants: {
      askara: {
        authorizationURL: `${askara.origin}/authorize`,
        tokenURL: `${askara.origin}/oauth2/token`,
        revocationURL: `${askara.origin}/oauth2/revoke`,
        profileURL: `${askara.origin}/me`,
        clientID: 'example-app',
        clientSecret,
      },
      jiko: {
        authorizationURL: `${jiko.origin}/api/oauth2/authorize`,
        tokenURL: `${jiko.origin}/api/oauth2/token`,
        revocationURL: `${jiko.origin}/api/oauth2/revoke`,
        apiURL: `${jiko.origin}/pockets`,
        clientID: 'example-app',
        privateKey: key.pem,
        keyId: key.keyId,
      },
    },
    endGrants() {
      askara.endGrants()
      jiko.endGrants()
    },
    async close() {
      await Promise.all([askara.close(), jiko.close()])
    },
  }
}

function defineAskara(options: AuthorizationServerOptions, clientSecret: string): TenantDefinition {
  return {
    tenant: 'askara',
    displayName: 'Askara',
    port: options.ports?.askara ?? 0,
    paths: {
      authorization: '/authorize',
      token: '/oauth2/token',
      revocation: '/oauth2/revoke',
      resource: '/me',
    },
    client: {
      ...commonMetadata(options.callbackURLs?.askara),
      client_secret: clientSecret,
      token_endpoint_auth_method: 'client_secret_post',
    },
    tokenRequestFormat: 'json',
    isRedirectURIRequired: true,
    isPkceRequired: false,
    scopes: {
      profile: 'See your name and e-mail address',
      organization: 'See the organization you work for',
    },
    accessTokenSeconds: options.accessTokenSeconds?.askara ?? 60 * 60,
    refreshTokenSeconds: options.refreshTokenSeconds?.askara ?? 90 * DAY_SECONDS,
    rotateRefreshTokens: options.rotateRefreshTokens ?? true,
    onTokenRequest: options.onTokenRequest,
    onRevocation: options.onRevocation,
    resource: { scope: 'profile', read: readProfile },
  }
}

function defineJiko(
  options: AuthorizationServerOptions,
  jwks: NonNullable<ClientMetadata['jwks']>,
): TenantDefinition {
  return {
    tenant: 'jiko',
    displayName: 'Jiko',
    port: options.ports?.jiko ?? 0,
    paths: {
      authorization: '/api/oauth2/authorize',
      token: '/api/oauth2/token',
      revocation: '/api/oauth2/revoke',
      resource: '/pockets',
    },
    client: {
      ...commonMetadata(options.callbackURLs?.jiko),
      jwks,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
    },
    tokenRequestFormat: 'form',
    isRedirectURIRequired: false,
    isPkceRequired: true,
    scopes: { 'pockets.read': 'See your pockets and what is in them' },
    accessTokenSeconds: options.accessTokenSeconds?.jiko ?? 15 * 60,
    refreshTokenSeconds: options.refreshTokenSeconds?.jiko ?? 90 * DAY_SECONDS,
    rotateRefreshTokens: options.rotateRefreshTokens ?? true,
    onTokenRequest: options.onTokenRequest,
    onRevocation: options.onRevocation,
    resource: { scope: 'pockets.read', read: readPockets },
  }
}

function commonMetadata(callbackURLs: string | readonly string[] = []) {
  return {
    client_id: 'example-app',
    client_name: 'Example App',
    redirect_uris: typeof callbackURLs === 'string' ? [callbackURLs] : callbackURLs,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
  } as const
}

async function generateClientKey() {
  const { privateKey, publicKey } = await generateKeyPair('PS256', { extractable: true })
  const keyId = randomBytes(8).toString('hex')
  const jwk = { ...(await exportJWK(publicKey)), kid: keyId, alg: 'PS256', use: 'sig' }
  return { keyId, pem: await exportPKCS8(privateKey), jwks: { keys: [jwk] } }
}

/**
 * @see [Askara, Retrieve current user](https://developers.askara.ai/apis/askara-symfony/askara-api/user/api_user)
 */
function readProfile(account: string, scopes: ReadonlySet<string>) {
  const [firstName = '', ...otherNames] = account.split(' ')
  const mailbox = account.toLowerCase().replace(/[^a-z0-9]+/g, '.')
  const organization = {
    uuid: lastingUUID('Analytical Engines'),
    name: 'Analytical Engines',
    city: 'Strasbourg',
    country: 'FR',
  }
  return {
    uuid: lastingUUID(account),
    email: `${mailbox.replace(/^\.|\.$/g, '') || 'someone'}@example.com`,
    firstName,
    lastName: otherNames.join(' ') || null,
    isVerified: true,
    ...(scopes.has('organization') && { organization }),
  }
}

/**
 * @see [Jiko, List Customer Pockets](https://docs.jiko.io/products/customer-api/reference/pockets-v2)
 */
function readPockets(account: string) {
  const pocket = (name: string, strategy: string, cents: number) => ({
    id: lastingUUID(`${account}/${name}`),
    object_type: 'Pocket',
    pocket_name: name,
    status: 'OPEN',
    deposit_strategy_id: strategy,
    reinvestment_strategy_id: strategy,
    portfolio: { total_value: { value: cents, currency: 'USD' } },
  })
  return {
    object_type: 'List',
    prev_page: null,
    next_page: null,
    items: [
      pocket('Payroll', 'UST-4W', 48_250_00),
      pocket('Taxes in spring', 'UST-26W', 21_180_50),
      pocket('A new engine', 'UST-52W', 7_312_75),
    ],
  }
}

/** An identifier that is the same whenever the same name comes back. */
function lastingUUID(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  const part = (from: number, to: number) => hex.slice(from, to)
  return `${part(0, 8)}-${part(8, 12)}-8${part(13, 16)}-a${part(17, 20)}-${part(20, 32)}`
}

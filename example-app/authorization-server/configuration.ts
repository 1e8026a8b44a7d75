import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import {
  errors,
  type AdapterFactory,
  type Configuration,
  type JWK,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import type { Consents } from './consents.js'
import { logoutPages } from './logout-pages.js'
import { faultPage } from './pages.js'
import type { TenantDefinition } from './tenant-definition.js'

const INTERACTION_SECONDS = 60 * 60
/** How long an OpenID provider remembers who is logged in there. */
const SESSION_SECONDS = 12 * 60 * 60
const MAX_ASSERTION_SECONDS = 5 * 60

/**
 * The configuration of a provider's oidc-provider.
 *
 * @param consents what people have allowed, where the provider remembers it
 */
export async function configure(
  definition: TenantDefinition,
  adapter: AdapterFactory,
  consents: Consents | undefined,
): Promise<Configuration> {
  const { accessTokenSeconds, client, openIdClaims, paths, refreshTokenSeconds, tenant } =
    definition
  const isOpenId = openIdClaims !== undefined

  return {
    adapter,
    clients: client ? [{ ...client, scope: Object.keys(definition.scopes).join(' ') }] : [],
    clientAuthMethods: client
      ? [client.token_endpoint_auth_method ?? 'none']
      : ['client_secret_basic', 'none'],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    // Signs ID tokens and logout tokens. Without one oidc-provider warns, also where there are no such tokens.
    jwks: { keys: [await generateSigningKey()] },
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      // Cookies know no ports: two providers on one address must not share names.
      names: {
        session: `${tenant}_session`,
        interaction: `${tenant}_interaction`,
        resume: `${tenant}_resume`,
      },
    },
    enabledJWA: { clientAuthSigningAlgValues: ['PS256'] },
    responseTypes: ['code'],
    scopes: Object.keys(definition.scopes),
    pkce: { required: () => definition.isPkceRequired },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      registration: { enabled: client === undefined },
      resourceIndicators:
        'createRouter' in definition.resource ? resourceIndicators(definition) : { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: (_, client, token) => token.clientId === client.clientId,
      },
      backchannelLogout: { enabled: isOpenId },
      rpInitiatedLogout: isOpenId ? logoutPages(definition) : { enabled: false },
      userinfo: { enabled: isOpenId },
    },
    routes: {
      authorization: paths.authorization,
      token: paths.token,
      revocation: paths.revocation,
      userinfo: '/userinfo',
      end_session: '/logout',
    },
    ttl: {
      AccessToken: () => accessTokenSeconds,
      AuthorizationCode: () => 60,
      RefreshToken: () => refreshTokenSeconds,
      // A grant that ended before its refresh tokens would end them early.
      Grant: () => refreshTokenSeconds,
      Interaction: () => INTERACTION_SECONDS,
      IdToken: () => accessTokenSeconds,
      Session: () => (isOpenId ? SESSION_SECONDS : INTERACTION_SECONDS),
    },
    // All providers always issue refresh tokens, and none knows the scope `offline_access`.
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    rotateRefreshToken: () => definition.rotateRefreshTokens,
    allowOmittingSingleRegisteredRedirectUri: false,
    assertJwtClientAuthClaimsAndHeader: (_, { exp }) => assertShortLived(exp),
    ...(isOpenId && { claims: { openid: ['sub'], profile: ['name'], email: ['email'] } }),
    findAccount: (_, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, ...openIdClaims?.(accountId) }),
    }),
    ...(consents && { loadExistingGrant: (context) => consents.grantOf(context) }),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    // Without oidc-provider's dispatcher, which refuses loopback addresses: logout tokens go to an app on this machine.
    fetch: (url, { dispatcher: _, ...request }: RequestInit = {}) => fetch(url, request),
    clientBasedCORS: () => false,
    renderError(context, { error, error_description: description }) {
      context.type = 'html'
      context.body = faultPage(definition, { error, description }).toString()
    },
  }
}

/** Tokens for the provider's own resource, and for no other. */
function resourceIndicators({ accessTokenSeconds, paths, scopes }: TenantDefinition) {
  return {
    enabled: true,
    getResourceServerInfo({ oidc }: KoaContextWithOIDC, resource: string) {
      if (resource !== oidc.issuer + paths.resource) throw new errors.InvalidTarget()
      return {
        audience: resource,
        scope: Object.keys(scopes).join(' '),
        accessTokenFormat: 'opaque' as const,
        accessTokenTTL: accessTokenSeconds,
      }
    },
  }
}

async function generateSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }
}

/** Jiko wants client assertions to live five minutes at most, and so does this stand-in. */
function assertShortLived(expiry: unknown): void {
  const remainingSeconds = Number(expiry) - Date.now() / 1000
  if (remainingSeconds > MAX_ASSERTION_SECONDS) {
    throw new errors.InvalidClientAuth('the client assertion lives for more than five minutes')
  }
}

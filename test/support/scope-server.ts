import { formOf } from './login.js'
import { json } from './scripted-provider.js'
import type { ScriptedProvider } from './scripted-provider.js'

/** What a login brings, if not all that it has asked for. */
export interface Granting {
  /** The scope that is granted; the provider does not say it if `undefined`. @default what was asked for */
  readonly scope?: string | undefined
  /** Whether there is a refresh token. @default true */
  readonly refreshable?: boolean
}

/** A provider whose tokens say in clear what they are allowed to do: `access-1:profile files`. */
export interface ScopeServer {
  /** What the next logins bring: called with the scope that each has asked for. */
  grant: (wanted: string) => Granting
  /** Who is logged in at the provider. */
  person: string
  /** What the logins have asked for, oldest first. */
  readonly wanted: string[]
  /** The refresh tokens that were revoked. */
  readonly revoked: string[]
  readonly revocationURL: string
}

/** Makes a scripted provider give out such tokens. A refresh token works once, and none that was revoked does. */
export function serveScopes(provider: ScriptedProvider): ScopeServer {
  const refreshTokens = new Map<string, string>()
  const server: ScopeServer = {
    grant: () => ({}),
    person: 'ada',
    wanted: [],
    revoked: [],
    revocationURL: `${provider.origin}/revoke`,
  }
  let issued = 0

  function tokens(scope: string, { refreshable = true, ...said }: Granting): object {
    issued += 1
    const refreshToken = `refresh-${issued}:${scope}`
    if (refreshable) refreshTokens.set(refreshToken, scope)
    return {
      access_token: `access-${issued}:${scope}`,
      token_type: 'Bearer',
      expires_in: 3600,
      ...(refreshable && { refresh_token: refreshToken }),
      ...(said.scope !== undefined && { scope: said.scope }),
    }
  }

  provider.onAuthorize((parameters) => {
    server.wanted.push(parameters.get('scope') ?? '')
    return { code: 'code', state: parameters.get('state') ?? '' }
  })
  provider.onToken((request, response) => {
    const form = formOf(request)
    const old = form.get('refresh_token')
    if (old === null) {
      const wanted = server.wanted.at(-1) ?? ''
      const granting = { scope: wanted, ...server.grant(wanted) }
      json(tokens(granting.scope ?? wanted, granting))(request, response)
      return
    }
    const scope = refreshTokens.get(old)
    refreshTokens.delete(old)
    if (scope === undefined) json({ error: 'invalid_grant' }, 400)(request, response)
    else json(tokens(scope, { scope }))(request, response)
  })
  provider.onProfile((request, response) => {
    json({ sub: server.person, name: server.person })(request, response)
  })
  provider.on('/revoke', (request, response) => {
    const token = formOf(request).get('token') ?? ''
    if (token.startsWith('refresh')) server.revoked.push(token)
    refreshTokens.delete(token)
    response.end()
  })
  return server
}

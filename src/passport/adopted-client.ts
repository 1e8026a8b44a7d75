import { randomUUID } from 'node:crypto'
import { ConfigurationError } from '../errors/setup-errors.js'
import type { ResourceClient } from '../client/requests.js'
import type { Transport } from '../client/transport.js'
import { asError } from '../lib/as-error.js'
import { ADOPTED } from './donor.js'
import type { DonorClient } from './donor.js'
import type { ProfileLoads } from './hooked-profile.js'
import { sendThrough } from './inherited-oauth2.js'
import type { InheritedOAuth2, OAuth2Headers } from './oauth2-client.js'

/** The tokens of a login as the donor's `getOAuthAccessToken` returns them. */
export interface DonorTokens {
  /** Usually a text. */
  readonly accessToken: unknown
  readonly refreshToken: unknown
  /** Usually the members of the token response without the refresh token. */
  readonly parameters: unknown
}

/** The members of a token response. */
type TokenResponse = Readonly<Record<string, unknown>>

/** A donor's client whose requests go through our transport. */
export interface AdoptedClient {
  /** Sends its requests through this from now on. */
  connect(transport: Transport, resources: ResourceClient, loads: ProfileLoads): void
  /** What its `getOAuthAccessToken` makes of this token response. It sends nothing. */
  readTokens(response: TokenResponse): Promise<DonorTokens>
  /** The client secret in the token requests of its `getOAuthAccessToken`, if that makes one each time. It sends nothing. */
  readonly clientSecret: () => Promise<string>
}

/**
 * Lets a donor's `getOAuthAccessToken` write a request that is not sent, and read the answer that ours has received. A code
 * of its own tells these requests from others.
 *
 * @param isOverridden whether its `getOAuthAccessToken` is not node-oauth's
 */
export function adoptClient(client: DonorClient, isOverridden: boolean): AdoptedClient {
  const sender: InheritedOAuth2 = {
    useAuthorizationHeaderforGET: (useIt) => client.useAuthorizationHeaderforGET(useIt),
    _request: client._request,
  }
  const answers = new Map<string, (form: URLSearchParams) => string>()

  const request: InheritedOAuth2['_request'] = (method, url, headers, body, ...others) => {
    const form = new URLSearchParams(typeof body === 'string' ? body : '')
    const answer = answers.get(form.get('code') ?? '')
    if (answer === undefined) {
      const all = { ...textsOf(client._customHeaders), ...headers }
      sender._request(method, url, all, body, ...others)
    } else {
      const [, callback] = others
      const unknown = unknownIn({ url, headers, form }, client)
      if (unknown === undefined) callback(null, answer(form), { statusCode: 200, headers: {} })
      else callback(notSent(unknown))
    }
  }

  /** Runs `getOAuthAccessToken`, and answers its request. */
  async function play(answer: (form: URLSearchParams) => string): Promise<readonly unknown[]> {
    const code = randomUUID()
    answers.set(code, answer)
    try {
      return await new Promise((resolve, reject) => {
        const parameters = { grant_type: 'authorization_code' }
        client.getOAuthAccessToken(code, parameters, (error, ...result) => {
          if (error) reject(asError(error, 'It failed'))
          else resolve(result)
        })
      })
    } finally {
      answers.delete(code)
    }
  }

  return {
    connect(transport, resources, loads) {
      sendThrough(transport, resources, sender, loads)
      client._request = request
      Object.defineProperty(client, ADOPTED, { value: true })
    },

    async readTokens(response) {
      const { access_token: accessToken, refresh_token: refreshToken, ...others } = response
      if (!isOverridden) {
        const parameters = { access_token: accessToken, ...others }
        return { accessToken, refreshToken, parameters }
      }
      const [ownAccessToken, ownRefreshToken, parameters] = await play(() =>
        JSON.stringify(response),
      )
      return { accessToken: ownAccessToken, refreshToken: ownRefreshToken, parameters }
    },

    async clientSecret() {
      let secret = ''
      await play((form) => {
        secret = form.get('client_secret') ?? ''
        return '{}'
      })
      return secret
    },
  }
}

/** What the token requests of the donors have whose `getOAuthAccessToken` is known. Ours have it in their own way. */
const KNOWN_PARAMETERS: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'code',
  'grant_type',
  'redirect_uri',
])
const KNOWN_HEADERS: ReadonlySet<string> = new Set(['accept', 'authorization', 'content-type'])

/** What a donor's own token request has and ours would not; `undefined` if nothing. */
function unknownIn(
  { url, headers, form }: { url: string; headers: OAuth2Headers; form: URLSearchParams },
  client: DonorClient,
): string | undefined {
  if (url !== client._getAccessTokenUrl()) return 'another address'
  const parameter = [...form.keys()].find((name) => !KNOWN_PARAMETERS.has(name))
  if (parameter !== undefined) return `the parameter ${parameter}`
  const header = Object.keys(headers ?? {}).find((name) => !KNOWN_HEADERS.has(name.toLowerCase()))
  return header && `the header ${header}`
}

function notSent(what: string): ConfigurationError {
  return new ConfigurationError(
    `_oauth2.getOAuthAccessToken of the strategy sends ${what}, which adopt does not support. adopt(strategy, { ignoreOverrides: ['_oauth2.getOAuthAccessToken'] }) leaves it out: then say what is special about token requests with the options tokenParameters, customHeaders and parseTokenResponse.`,
    'donor',
  )
}

function textsOf(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

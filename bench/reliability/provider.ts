import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { listen } from '../../test/support/http.js'
import { between, oneOf } from './random.js'
import type { Random } from './random.js'

/** One login at the provider: a family of tokens, of which reuse revokes all. */
export interface Grant {
  readonly id: string
  readonly person: string
  readonly refreshTokens: RefreshToken[]
  revokedAt?: number
}

/** A refresh token and everybody who has ever presented it. */
export interface RefreshToken {
  readonly grant: Grant
  readonly uses: RefreshTokenUse[]
}

/** A refresh that the provider has carried out or refused. Those it failed before looking at are none. */
export interface RefreshTokenUse {
  /** The process that asked. */
  readonly process: string
  readonly answeredAt: number
  /** Whether the process had hung up before the answer was ready. */
  readonly wasGone: boolean
  /** What it was answered; `undefined` for a refusal. */
  readonly accessToken?: AccessToken
}

/** An access token and the processes that have shown it to the API. */
export interface AccessToken {
  readonly name: string
  readonly grant: Grant
  readonly expiresAt: number
  readonly shownBy: Set<string>
}

/** How the provider behaves. */
export interface ProviderOptions {
  readonly random: Random
  readonly accessTokenSeconds: number
}

/** A provider that rotates refresh tokens and takes the second use of one for theft. */
export interface Provider {
  readonly origin: string
  /** The share of token requests that fail before they are looked at, from 0 to 1. */
  failureRate: number
  readonly counts: {
    tokenRequests: number
    failures: number
    refreshes: number
    reusedCodes: number
  }
  readonly grants: ReadonlyMap<string, Grant>
  close(): Promise<void>
}

/** Which process a request comes from: the app says so in this header. */
export const PROCESS_HEADER = 'x-process'
/** Who sits at the browser: the person's answer to the provider's own login page. */
export const PERSON_HEADER = 'x-person'

type Answer = readonly [status: number, body: object, headers?: Readonly<Record<string, string>>]

/** Starts the provider, and beside it an API that says whose token it was shown. */
export async function startProvider(options: ProviderOptions): Promise<Provider> {
  const { random } = options
  const book = createBook(options.accessTokenSeconds)
  const { counts } = book
  const provider = { failureRate: 0 }

  /** Faults strike before anything is looked at, so that a refresh token may honestly be sent again. */
  function failsFirst(request: IncomingMessage, response: ServerResponse): boolean {
    if (random() >= provider.failureRate) return false
    counts.failures++
    const fault = oneOf(random, ['unavailable', 'silent', 'reset'] as const)
    if (fault === 'unavailable') reply(response, [503, { error: 'temporarily_unavailable' }])
    if (fault === 'reset') request.socket.destroy()
    // A silent one says nothing until the client has had enough.
    return true
  }

  async function answerToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await text(request))
    const code = form.get('code')
    counts.tokenRequests++
    if (code !== null) book.noteCode(code)
    await sleep(between(random, 5, 40))
    if (failsFirst(request, response)) return
    reply(
      response,
      code === null
        ? book.refresh(
            form.get('refresh_token') ?? '',
            processOf(request),
            request.socket.destroyed,
          )
        : book.exchange(code),
    )
  }

  const server = await listen((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    if (url.pathname === '/authorize') {
      const code = book.issueCode(String(request.headers[PERSON_HEADER]))
      const state = url.searchParams.get('state') ?? ''
      const callback = `${url.searchParams.get('redirect_uri') ?? ''}?code=${code}&state=${state}`
      response.writeHead(302, { location: callback }).end()
    } else if (url.pathname === '/token') {
      // Who hangs up while sending has made no request.
      answerToken(request, response).catch(() => response.destroy())
    } else {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
      reply(response, book.present(token, processOf(request)))
    }
  })
  return Object.assign(provider, { ...server, counts, grants: book.grants })
}

/** Everything the provider knows. Nothing here awaits, so that each step happens at once. */
function createBook(accessTokenSeconds: number) {
  const grants = new Map<string, Grant>()
  const refreshTokens = new Map<string, RefreshToken>()
  const accessTokens = new Map<string, AccessToken>()
  const codes = new Map<string, { readonly person: string; sent: number }>()
  const counts = { tokenRequests: 0, failures: 0, refreshes: 0, reusedCodes: 0 }

  function issue(grant: Grant): { answer: Answer; accessToken: AccessToken } {
    const refreshToken: RefreshToken = { grant, uses: [] }
    const expiresAt = Date.now() + accessTokenSeconds * 1000
    const name = newToken(grant.person)
    const accessToken: AccessToken = { name, grant, expiresAt, shownBy: new Set() }
    const body = {
      access_token: name,
      refresh_token: newToken(grant.person),
      token_type: 'Bearer',
      expires_in: accessTokenSeconds,
    }
    accessTokens.set(name, accessToken)
    refreshTokens.set(body.refresh_token, refreshToken)
    grant.refreshTokens.push(refreshToken)
    return { answer: [200, body], accessToken }
  }

  return {
    grants,
    counts,

    issueCode(person: string): string {
      const code = newToken(person)
      codes.set(code, { person, sent: 0 })
      return code
    },

    /** A code may be sent once, whatever becomes of that request. */
    noteCode(code: string): void {
      const known = codes.get(code)
      if (known !== undefined && ++known.sent > 1) counts.reusedCodes++
    },

    exchange(code: string): Answer {
      const known = codes.get(code)
      if (known === undefined || known.sent > 1) return INVALID_GRANT
      const grant: Grant = { id: newToken('grant'), person: known.person, refreshTokens: [] }
      grants.set(grant.id, grant)
      return issue(grant).answer
    },

    refresh(name: string, process: string, wasGone: boolean): Answer {
      const token = refreshTokens.get(name)
      if (token === undefined) return INVALID_GRANT
      const use = { process, wasGone, answeredAt: Date.now() }
      if (token.uses.length > 0) token.grant.revokedAt ??= Date.now()
      if (token.grant.revokedAt !== undefined) {
        token.uses.push(use)
        return INVALID_GRANT
      }
      counts.refreshes++
      const { answer, accessToken } = issue(token.grant)
      token.uses.push({ ...use, accessToken })
      return answer
    },

    present(name: string, process: string): Answer {
      const token = accessTokens.get(name)
      const isValid = token && token.grant.revokedAt === undefined && Date.now() < token.expiresAt
      if (!isValid) return [401, {}, { 'www-authenticate': 'Bearer error="invalid_token"' }]
      token.shownBy.add(process)
      return [200, { sub: token.grant.person, grant: token.grant.id }]
    },
  }
}

const INVALID_GRANT: Answer = [400, { error: 'invalid_grant' }]

function newToken(name: string): string {
  return `${name}.${randomBytes(16).toString('base64url')}`
}

function processOf({ headers }: IncomingMessage): string {
  return String(headers[PROCESS_HEADER])
}

function reply(response: ServerResponse, [status, body, headers]: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

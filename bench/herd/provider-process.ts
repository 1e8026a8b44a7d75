/** A provider in a process of its own that answers so many refreshes a second and no more, and forgives no reuse. */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '../processes.js'

export type HerdProviderCommands = typeof commands

/** What it does with more refreshes than it can answer. */
export type Overload =
  /** They wait, however many there are. */
  | 'queue'
  /** They are answered 429 with `Retry-After`. */
  | '429'

/** How it behaves from now on. */
export interface Behaviour {
  /** Refreshes a second. */
  readonly rate: number
  readonly overload: Overload
}

/** What it has seen since it was last asked. */
export interface Seen {
  readonly refreshes: number
  readonly tokenRequests: number
  readonly tooMany: number
  readonly reuses: number
  /** The most connections that were open at once. */
  readonly connections: number
  /** The most token requests that were under way at once. */
  readonly underWay: number
}

/** How many refreshes may come at once before it says that they are too many, in seconds of its rate. */
const BURST_SECONDS = 0.2

/** How long access tokens live that a refresh brings, in seconds. */
const LONG_LIFE_SECONDS = 3600

let behaviour: Behaviour = { rate: Infinity, overload: 'queue' }
let expiresAt = 0
let nextSlot = 0
let tokens = 0
let filledAt = 0
let connections = 0
let underWay = 0
let seen = nothing()
const uses = new Map<string, number>()

function nothing() {
  return { refreshes: 0, tokenRequests: 0, tooMany: 0, reuses: 0, connections, underWay }
}

const commands = {
  origin: (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  behave(next: Behaviour): void {
    behaviour = next
    tokens = next.rate * BURST_SECONDS
    filledAt = Date.now()
  },
  /** When the access tokens of logins expire, in milliseconds since the epoch. */
  expireAt: (at: number) => void (expiresAt = at),
  seen(): Seen {
    const sofar = seen
    seen = nothing()
    return sofar
  },
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== '/token') {
    const [, person = ''] = (request.headers.authorization ?? '').split('~')
    reply(response, 200, { sub: person, name: person })
    return
  }
  const form = new URLSearchParams(await text(request))
  const code = form.get('code')
  if (code !== null) {
    reply(response, 200, tokensOf(code, 1, Math.round((expiresAt - Date.now()) / 1000)))
    return
  }
  seen.tokenRequests++
  underWay++
  seen.underWay = Math.max(seen.underWay, underWay)
  await answerRefresh(form.get('refresh_token') ?? '', response)
  underWay--
}

async function answerRefresh(refreshToken: string, response: ServerResponse): Promise<void> {
  if (behaviour.overload === '429' && !hasCapacity()) {
    seen.tooMany++
    reply(response, 429, { error: 'temporarily_unavailable' }, { 'retry-after': '1' })
    return
  }
  const now = Date.now()
  nextSlot = Math.max(now, nextSlot) + 1000 / behaviour.rate
  await sleep(behaviour.overload === '429' ? 20 : nextSlot - now)
  const [, person = '', version = ''] = refreshToken.split('~')
  const used = uses.get(person) ?? 0
  if (Number(version) !== used + 1) {
    seen.reuses++
    uses.set(person, Infinity)
    reply(response, 400, { error: 'invalid_grant' })
    return
  }
  uses.set(person, Number(version))
  seen.refreshes++
  reply(response, 200, tokensOf(person, Number(version) + 1, LONG_LIFE_SECONDS))
}

function hasCapacity(): boolean {
  const now = Date.now()
  const { rate } = behaviour
  tokens = Math.min(rate * BURST_SECONDS, tokens + ((now - filledAt) / 1000) * rate)
  filledAt = now
  if (tokens < 1) return false
  tokens--
  return true
}

function tokensOf(person: string, version: number, seconds: number) {
  return {
    access_token: `access~${person}~${version}`,
    refresh_token: `refresh~${person}~${version}`,
    token_type: 'Bearer',
    expires_in: seconds,
  }
}

function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

const server = createServer((request, response) => {
  // Who hangs up while sending has made no request.
  answer(request, response).catch(() => response.destroy())
})
server.keepAliveTimeout = 60_000
server.on('connection', (socket) => {
  connections++
  seen.connections = Math.max(seen.connections, connections)
  socket.once('close', () => connections--)
})
await new Promise<void>((resolve) =>
  server.listen({ port: 0, host: '127.0.0.1', backlog: 5_000 }, resolve),
)
serve(commands)

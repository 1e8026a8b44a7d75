/** A process of an application, as far as its grants go: does what `grant-process.ts` sends it. */
import { Pool } from 'pg'
import { createClient } from 'redis'
import { TokenEndpointError } from '../../src/errors/errors.js'
import type { AuthorizationCodeError } from '../../src/errors/errors.js'
import { partsOf } from '../../src/grants/grants.js'
import type { Grants } from '../../src/grants/grants.js'
import { PostgresGrants } from '../../src/grants/postgres-grants.js'
import { RedisGrants } from '../../src/grants/redis-grants.js'
import type { RefreshWays } from '../../src/grants/refresh-ways.js'
import type { TokenSet } from '../../src/options/token-set.js'
import type { Task, WorkerOptions } from './grant-process.js'

const { storeURL, tokenURL, secret, strategy, storeTimeoutMs, clockSkewMs }: WorkerOptions =
  JSON.parse(process.argv[2] ?? '')

// Its parent may be gone before it has started.
process.on('disconnect', () => process.exit())
if (!process.connected) process.exit()

const now = Date.now
Date.now = () => now() + clockSkewMs

const grants = storeURL.startsWith('redis:') ? await grantsInRedis() : grantsInPostgres()
const { engine } = partsOf(grants)

const ways: RefreshWays = {
  strategy,
  refresh: (tokens, { beforeWrite }) => {
    beforeWrite()
    return refresh(tokens)
  },
  refusalOf: (error) =>
    (error as Partial<TokenEndpointError>).error === 'invalid_grant' ? 'invalid_grant' : undefined,
  revoke: () => Promise.resolve(),
  onRefused: () => undefined,
  around: (renewal) => renewal(),
  connections: {
    acquire: () => Promise.resolve({ release: () => undefined, waited: false }),
    pause: () => undefined,
    pausedForMs: () => 0,
  },
  refreshBeforeSeconds: 60,
  timeoutMs: 10_000,
  renewInBackground: true,
}

process.on('message', (task: Task) => {
  const { id, grant, refused, times } = task
  const renewals = Array.from({ length: times }, () => engine.freshLine(grant, ways, { refused }))
  void Promise.allSettled(renewals).then((settled) =>
    process.send?.({
      id,
      answers: settled.map((one) =>
        one.status === 'fulfilled'
          ? { accessToken: one.value.tokens.accessToken }
          : { failure: factsOf(one.reason as AuthorizationCodeError) },
      ),
    }),
  )
})
process.send?.('ready')

async function grantsInRedis(): Promise<Grants> {
  const client = createClient({ url: storeURL })
  client.on('error', () => undefined)
  await client.connect()
  return new RedisGrants({ client, secret, commandTimeoutMs: storeTimeoutMs, cacheSeconds: 0 })
}

function grantsInPostgres(): Grants {
  const pool = new Pool({ connectionString: storeURL, connectionTimeoutMillis: storeTimeoutMs })
  return new PostgresGrants({ pool, secret, queryTimeoutMs: storeTimeoutMs, cacheSeconds: 0 })
}

async function refresh({ refreshToken = '' }: TokenSet): Promise<TokenSet> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
  const response = await fetch(tokenURL, { method: 'POST', body })
  const answer = (await response.json()) as Record<string, string>
  if (!response.ok) {
    throw new TokenEndpointError('The token endpoint refused.', {
      phase: 'refresh',
      httpStatus: response.status,
      error: answer['error'],
      errorDescription: answer['error_description'],
      cause: new Error('a detail'),
    })
  }
  const { access_token: accessToken = '', refresh_token: newer = refreshToken } = answer
  return { accessToken, refreshToken: newer, tokenType: 'bearer' }
}

function factsOf(failure: AuthorizationCodeError): Record<string, unknown> {
  const { name, code, status, message } = failure
  const { httpStatus, error, errorDescription } = failure as Partial<TokenEndpointError>
  return { name, code, status, message, httpStatus, error, errorDescription }
}

/** A process of an application, as far as its ledger goes: does what `ledger-process.ts` sends it. */
import { createClient } from 'redis'
import { AuthorizationCodeError, TokenEndpointError } from '../../src/errors/errors.js'
import { RedisLedger } from '../../src/grants/redis.js'
import type { GrantState, Renewal } from '../../src/options/ledger.js'
import type { Answer, Task, WorkerOptions } from './ledger-process.js'

const { redisURL, tokenURL, commandTimeoutMs, clockSkewMs }: WorkerOptions = JSON.parse(
  process.argv[2] ?? '',
)

// Its parent may be gone before it has started.
process.on('disconnect', () => process.exit())
if (!process.connected) process.exit()

const now = Date.now
Date.now = () => now() + clockSkewMs

const client = createClient({ url: redisURL })
client.on('error', () => undefined)
await client.connect()
const ledger = new RedisLedger({ client, commandTimeoutMs })

process.on('message', (task: Task) => {
  void Promise.allSettled(Array.from({ length: task.times }, () => renew(task))).then((settled) =>
    process.send?.({ id: task.id, answers: settled.map(toAnswer) }),
  )
})
process.send?.('ready')

function renew({ grant, current, limits }: Task): Promise<Renewal> {
  return ledger.renew(grant, current, () => refresh(current), limits)
}

async function refresh({ version, tokens }: GrantState): Promise<GrantState | undefined> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: tokens.refreshToken ?? '',
  })
  const response = await fetch(tokenURL, { method: 'POST', body })
  const answer = (await response.json()) as Record<string, string>
  if (answer['error'] === 'invalid_grant') return undefined
  if (!response.ok) {
    throw new TokenEndpointError('The token endpoint refused.', {
      phase: 'refresh',
      httpStatus: response.status,
      error: answer['error'],
      errorDescription: answer['error_description'],
      cause: new Error('a detail'),
    })
  }
  const { access_token: accessToken = '', refresh_token: refreshToken = '' } = answer
  return { version: version + 1, tokens: { accessToken, refreshToken, tokenType: 'bearer' } }
}

function toAnswer(settled: PromiseSettledResult<Renewal>): Answer {
  if (settled.status === 'fulfilled') return { renewal: settled.value }
  const error = settled.reason as AuthorizationCodeError & Partial<TokenEndpointError>
  const { name, code, status, message, phase, httpStatus, errorDescription } = error
  return {
    failure: {
      name,
      code,
      status,
      message,
      phase,
      httpStatus,
      error: error.error,
      errorDescription,
    },
  }
}

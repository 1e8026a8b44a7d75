import { setTimeout as sleep } from 'node:timers/promises'
import { startRedisServer } from '../../test/support/redis-server.js'
import { startProcess } from '../processes.js'
import type { HerdAppCommands, HerdAppOptions } from './app-process.js'
import type { Latencies } from './people.js'
import type { HerdProviderCommands, Overload } from './provider-process.js'

/** Where the grants are. */
export const STORES = ['redis', 'session'] as const

/** What happens to everybody's tokens within a second. */
export interface Scenario {
  readonly name: string
  readonly title: string
  readonly overload: Overload
  /** Whether the tokens are still valid when everybody comes. */
  readonly areValid: boolean
}

/** All scenarios, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  { name: 'due', title: 'due, the provider queues', overload: 'queue', areValid: true },
  { name: 'due-429', title: 'due, the provider answers 429', overload: '429', areValid: true },
  { name: 'expired', title: 'expired, the provider queues', overload: 'queue', areValid: false },
  {
    name: 'expired-429',
    title: 'expired, the provider answers 429',
    overload: '429',
    areValid: false,
  },
]

/** What is to be run. */
export interface HerdOptions {
  readonly people: number
  /** How many refreshes the provider answers, a second. */
  readonly rate: number
  readonly store: (typeof STORES)[number]
  readonly scenario: Scenario
}

/** What came of it. */
export interface Outcome {
  readonly title: string
  readonly figures: Readonly<Record<string, string | number>>
  /** The promises that were broken. */
  readonly faults: readonly string[]
}

/** `maximumConnections` as it is by default. */
const MAXIMUM_CONNECTIONS = 32

/** Whoever has a valid token and takes longer than this has waited for somebody, in milliseconds. */
const WAITED_MS = 1_000

const QUIET_SECONDS = 3

/** Runs one herd with processes of its own. */
export async function runHerd(options: HerdOptions): Promise<Outcome> {
  const { people, rate, store, scenario } = options
  const redis = store === 'redis' ? await startRedisServer('redis-server') : undefined
  const provider = startProcess<HerdProviderCommands>('herd/provider-process.ts')
  // For so long the provider needs for everybody.
  const needsSeconds = Math.ceil(people / rate)
  const validSeconds = scenario.areValid ? needsSeconds * 2 + 10 : 0
  const appOptions: HerdAppOptions = {
    providerOrigin: await provider.ask('origin', undefined),
    refreshBeforeSeconds: validSeconds || 60,
    ...(redis && { redisSocket: redis.socketPath }),
  }
  const app = startProcess<HerdAppCommands>('herd/app-process.ts', [JSON.stringify(appOptions)])
  try {
    await provider.ask('expireAt', Date.now() + 3600_000)
    const someAt = Date.now()
    await app.ask('logIn', Math.ceil(people / 10))
    const loginMs = (Date.now() - someAt) * 10
    const quiet = await app.ask('quiet', QUIET_SECONDS)
    await app.ask('forget', undefined)
    const dueAt = await logInAll(people, { loginMs, validSeconds }, app, provider)
    await provider.ask('behave', { rate, overload: scenario.overload })
    await provider.ask('seen', undefined)
    await sleep(dueAt - Date.now())
    // For those who were answered 429, it takes longer than the provider needs.
    const watched = await app.ask('run', needsSeconds * 2 + 20)
    const seen = await provider.ask('seen', undefined)
    const { '503 ERR_TOKEN_ENDPOINT': unavailable = 0, ...errors } = watched.errors
    return {
      title: `${people} grants ${scenario.title} (${rate} a second); ${store}`,
      figures: {
        'logins lost': watched.lost,
        'refresh tokens used twice': seen.reuses,
        'people with a new token at the end': watched.renewed,
        'token requests (answered 429)': `${seen.tokenRequests} (${seen.tooMany})`,
        'connections at most, requests under way': `${seen.connections}, ${seen.underWay}`,
        requests: watched.requests,
        'answered 503': unavailable,
        'other errors': JSON.stringify(errors),
        'with a valid token': shown(watched.valid),
        'the same in a quiet phase': shown(quiet.valid),
        'with an expired token': shown(watched.expired),
        'event loop late by, median and p99, in ms': `${watched.loopDelayMs.median}, ${watched.loopDelayMs.p99}`,
      },
      faults: [
        ...(watched.lost > 0 ? [`${watched.lost} logins lost`] : []),
        ...(seen.reuses > 0 ? [`${seen.reuses} refresh tokens used twice`] : []),
        ...(seen.connections > MAXIMUM_CONNECTIONS ? [`${seen.connections} connections`] : []),
        ...(watched.valid.max > WAITED_MS ? ['requests with a valid token have waited'] : []),
        ...(watched.renewed < people ? ['not everybody has a new token'] : []),
      ],
    }
  } finally {
    await Promise.all([app.stop(), provider.stop(), redis?.stop()])
  }
}

/** Logs everybody in, with tokens that are all due, or all over, at the moment it resolves to. */
async function logInAll(
  people: number,
  { loginMs, validSeconds }: { readonly loginMs: number; readonly validSeconds: number },
  app: ReturnType<typeof startProcess<HerdAppCommands>>,
  provider: ReturnType<typeof startProcess<HerdProviderCommands>>,
): Promise<number> {
  // Never due before half of its life is over: so the logins must be over early enough.
  const readyAt = Date.now() + loginMs * 1.5 + 3_000
  const dueAt = readyAt + validSeconds * 1000
  await provider.ask('expireAt', dueAt + validSeconds * 1000)
  await app.ask('logIn', people)
  if (Date.now() > readyAt) throw new Error('The logins took too long.')
  return dueAt
}

function shown({ count, p50, p99, max }: Latencies): string {
  return `${count}: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`
}

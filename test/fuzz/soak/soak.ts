import { execFileSync } from 'node:child_process'
import { exportJWK, generateKeyPair } from 'jose'
import { startRedisServer } from '../../support/redis-server.js'
import { startAttackedApp } from './app-process.js'
import type { AttackedApp } from './app-process.js'
import { attack } from './attack.js'
import { attacksOf } from './attacks.js'
import type { Attack } from './attacks.js'
import { count, createFindings } from './findings.js'
import type { Findings } from './findings.js'
import { heapTrend, inMebibytes } from './heap.js'
import type { HeapSample, HeapTrend } from './heap.js'
import { createHonestVisitor } from './honest-visitor.js'
import type { HonestLogin } from './honest-visitor.js'
import type { Battlefield } from './hostile-visitor.js'
import type { Fault, Mode } from './messages.js'
import { startHostileProvider } from './provider.js'
import { createSecrets } from './secrets.js'
import type { Secrets } from './secrets.js'

/** How a soak is run. */
export interface SoakOptions {
  readonly seconds: number
  readonly connections: number
  readonly seed: number
  readonly mode: Mode
  /** What is wrong with the application on purpose. */
  readonly fault?: Fault | undefined
}

/** What a soak has found. */
export interface SoakReport extends SoakOptions {
  readonly findings: Findings
  readonly honest: readonly HonestLogin[]
  readonly heap: readonly HeapSample[]
  readonly trend: HeapTrend
  /** How long it has really taken. */
  readonly tookSeconds: number
}

/** After so many violations it ends: there will be more of the same. */
const ENOUGH = 20

/** An honest login begins each second. */
const LOGIN_EVERY_MS = 1000

/** How often the application is asked for its memory, in **milliseconds**; more often in a run of less than a minute. */
const HEAP_EVERY_MS = 10_000

/** Runs the application in a process of its own, attacks it, and says what has happened. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { mode, fault } = options
  const findings = createFindings()
  const secrets = createSecrets()
  const running = new Map<number, Attack>()
  const redis = mode === 'redis' ? await startRedisServer(redisServer()) : undefined
  const provider = await startHostileProvider(secrets)
  const onWrong = (what: string, details: string): void => {
    findings.violations.push({ what, details, input: Object.fromEntries(running) })
  }
  const app = await startAttackedApp(
    {
      mode,
      fault,
      provider: provider.origin,
      redisSocket: redis?.socketPath,
      privateKey: await privateKey(secrets),
    },
    onWrong,
  )
  try {
    const field = { app, provider, secrets, findings, started: new Map() }
    return await run(options, field, running)
  } finally {
    await app.stop()
    await provider.close()
    await redis?.stop()
  }
}

/** A key for the client, whose secret part is remembered as one. */
async function privateKey(secrets: Secrets): Promise<Record<string, unknown>> {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(pair.privateKey)
  secrets.add(String(jwk.d))
  return { ...jwk, kid: 'client-key', alg: 'ES256' }
}

async function run(
  options: SoakOptions,
  field: Battlefield,
  running: Map<number, Attack>,
): Promise<SoakReport> {
  const { findings, app, provider, secrets } = field
  const startedAt = performance.now()
  const seconds = (): number => (performance.now() - startedAt) / 1000
  const goesOn = (): boolean =>
    seconds() < options.seconds && findings.violations.length < ENOUGH && !hasEnded(findings)

  const honest: HonestLogin[] = []
  const heap: HeapSample[] = []
  await Promise.all([
    ...Array.from({ length: options.connections }, (_value, index) =>
      sendWithoutPause(options.seed, index, field, running, goesOn),
    ),
    logInEachSecond(createHonestVisitor(app.origin, provider, secrets), honest, goesOn),
    watchHeap(app, heap, options.seconds, seconds, goesOn),
  ])
  const tookSeconds = seconds()
  const ends = options.mode === 'redis' ? 0 : findings.logins.count
  const trend = heapTrend(heap, tookSeconds, ends)
  judge(findings, honest, trend)
  return { ...options, findings, honest, heap, trend, tookSeconds }
}

function hasEnded({ violations }: Findings): boolean {
  return violations.some(({ what }) => what === 'the process has ended')
}

async function sendWithoutPause(
  seed: number,
  connection: number,
  field: Battlefield,
  running: Map<number, Attack>,
  goesOn: () => boolean,
): Promise<void> {
  const { findings } = field
  for (const next of attacksOf(seed, connection)) {
    if (!goesOn()) return
    running.set(connection, next)
    count(findings.attacks, next.kind)
    const complain = (what: string, details: string): void => {
      findings.violations.push({ what, details, input: next })
    }
    await attack(next, `mallory-${connection}`, field, complain).catch((error: unknown) => {
      if (!hasEnded(findings))
        complain('the attack itself has failed', String((error as Error).stack))
    })
  }
}

async function logInEachSecond(
  logIn: () => Promise<HonestLogin>,
  honest: HonestLogin[],
  goesOn: () => boolean,
): Promise<void> {
  while (goesOn()) {
    const [login] = await Promise.all([logIn(), pause(LOGIN_EVERY_MS)])
    honest.push(login)
  }
}

async function watchHeap(
  app: AttackedApp,
  heap: HeapSample[],
  lengthSeconds: number,
  seconds: () => number,
  goesOn: () => boolean,
): Promise<void> {
  const everyMs = Math.min(HEAP_EVERY_MS, lengthSeconds * 100)
  while (goesOn()) {
    const bytes = await app.ask({ ask: 'heap' }).catch(() => undefined)
    if (typeof bytes !== 'number') return
    heap.push({ at: seconds(), bytes })
    await pause(everyMs)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Adds the violations that only the whole run shows. */
function judge(
  { violations, requests }: Findings,
  honest: readonly HonestLogin[],
  trend: HeapTrend,
): void {
  for (const { failure } of honest) {
    if (failure === undefined) continue
    violations.push({ what: 'an honest login has failed', details: failure, input: undefined })
  }
  if (!trend.isFlat) {
    const details = `${inMebibytes(trend.earlyBytes)} became ${inMebibytes(trend.lateBytes)}`
    violations.push({ what: 'the memory has grown', details, input: undefined })
  }
  if (honest.length === 0 || requests.count === 0) {
    violations.push({ what: 'nothing was tried', details: '', input: undefined })
  }
}

function redisServer(): string {
  return execFileSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' }).trim()
}

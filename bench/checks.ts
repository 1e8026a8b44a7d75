import { setTimeout as sleep } from 'node:timers/promises'
import type { Name } from './apps/index.js'
import type { RunningApp, Stage } from './stage.js'
import type { Visitor } from './visitor.js'

/** What does not depend on the machine's speed. */
export interface Checks {
  /** The commands that Redis gets during one login, and during a request with a fresh token. */
  readonly loginCommands: readonly string[]
  readonly freshCommands: readonly string[]
  /** What a session takes in Redis, with access tokens of 43 and of 900 characters. */
  readonly sessionBytes: readonly [short: number, long: number]
  /** Of three tabs, finished in each order there is, how many have logged in. */
  readonly tabsFinished: number
  /** The token requests of as many requests as there are in {@link STAMPEDE} with one expired token. */
  readonly stampedeRequests?: number
  /** How many of them got a token. */
  readonly stampedeAnswers?: number
  /** Whether the person was logged in after it. */
  readonly stampedeSurvived?: boolean
  /** Whether the new tokens are kept when a slow request writes back the session it read before. */
  readonly tokensKept?: boolean
  /** Whether a change of the application's is kept when a refresh ends after it that began before it. */
  readonly changeKept?: boolean
}

/** How many requests come at once with one expired token. */
export const STAMPEDE = 50

/** How many tabs there are, all orders together. */
export const TABS = 18

/** How long access tokens last where they have to end: short, as somebody waits for it. */
const SHORT_LIFETIME_SECONDS = 1
const LONG_LIFETIME_SECONDS = 3600

/** Looks at all applications, one after the other. */
export async function checkAll(
  apps: readonly RunningApp[],
  stage: Stage,
): Promise<Record<Name, Checks>> {
  const plain: (readonly [Name, Checks])[] = []
  for (const app of apps) plain.push([app.name, await checkLogins(app, stage)])
  const refreshing = apps.filter(({ contestant }) => contestant.refreshes)
  const refreshes = await checkRefreshes(refreshing, stage)
  return Object.fromEntries(
    plain.map(([name, checks]) => [name, { ...checks, ...refreshes.get(name) }]),
  ) as unknown as Record<Name, Checks>
}

async function checkLogins(app: RunningApp, stage: Stage): Promise<Checks> {
  // The first login is another one: scripts are loaded, keys are fetched.
  await app.visitor().logIn(app.contestant.loginPath)
  const counted = await countCommands(app, stage)
  const sessionBytes = [await weigh(app, stage, 43), await weigh(app, stage, 900)] as const
  await stage.provider.ask('setTokenLength', 43)
  return { ...counted, sessionBytes, tabsFinished: await finishTabs(app) }
}

async function countCommands(app: RunningApp, { redis }: Stage) {
  const visitor = app.visitor()
  const loginCommands = await redis.commandsDuring(() => visitor.logIn(app.contestant.loginPath))
  const freshCommands = await redis.commandsDuring(() => expectToken(visitor))
  return { loginCommands, freshCommands }
}

async function expectToken(visitor: Visitor): Promise<void> {
  if (!(await visitor.getsToken())) throw new Error('There is no token after a login.')
}

async function weigh(app: RunningApp, { redis, provider }: Stage, length: number): Promise<number> {
  await provider.ask('setTokenLength', length)
  await redis.client.flushAll()
  await app.visitor().logIn(app.contestant.loginPath)
  const keys = await redis.client.keys('sess:*')
  const sizes = await Promise.all(keys.map((key) => redis.client.strLen(key)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function finishTabs(app: RunningApp): Promise<number> {
  let finished = 0
  for (const order of ['012', '021', '102', '120', '201', '210']) {
    const visitor = app.visitor()
    const callbacks: string[] = []
    for (let tab = 0; tab < 3; tab++) {
      callbacks.push(await visitor.startLogin(app.contestant.loginPath))
    }
    for (const tab of order) {
      if (await visitor.finishLogin(callbacks[Number(tab)] ?? '')) finished++
    }
  }
  return finished
}

/** Waits for tokens to end but once for all applications. */
async function checkRefreshes(
  apps: readonly RunningApp[],
  stage: Stage,
): Promise<ReadonlyMap<Name, Partial<Checks>>> {
  const checks = new Map<Name, Partial<Checks>>()
  const people = await withEndedTokens(stage, () => Promise.all(apps.map(logInThree)))
  for (const { app, visitors } of people) {
    const stampede = await stampedeBy(visitors[0], stage)
    checks.set(app.name, { ...stampede, changeKept: await refreshOverWrite(visitors[1], stage) })
  }
  await withEndedTokens(stage, async () => {
    for (const { app, visitors } of people) await writeOverRefresh(app, visitors[2])
  })
  for (const { app, visitors } of people) {
    const tokensKept = await visitors[2].getsToken()
    checks.set(app.name, { ...checks.get(app.name), tokensKept })
  }
  return checks
}

/** Whatever tokens people get by `work` have ended when this resolves. */
async function withEndedTokens<Value>(
  { provider }: Stage,
  work: () => Promise<Value>,
): Promise<Value> {
  await provider.ask('setLifetime', SHORT_LIFETIME_SECONDS)
  const value = await work()
  // Some applications count in whole seconds.
  await sleep(SHORT_LIFETIME_SECONDS * 1000 + 1_050)
  await provider.ask('setLifetime', LONG_LIFETIME_SECONDS)
  return value
}

async function logInThree(app: RunningApp) {
  const visitors = [app.visitor(), app.visitor(), app.visitor()] as const
  for (const visitor of visitors) await visitor.logIn(app.contestant.loginPath)
  return { app, visitors }
}

async function stampedeBy(visitor: Visitor, { provider }: Stage) {
  await provider.ask('countTokenRequests', undefined)
  const answers = await Promise.all(Array.from({ length: STAMPEDE }, () => visitor.getsToken()))
  return {
    stampedeRequests: await provider.ask('countTokenRequests', undefined),
    stampedeAnswers: answers.filter((gotToken) => gotToken).length,
    stampedeSurvived: await visitor.getsToken(),
  }
}

/** A slow request reads the session, another one refreshes, and the slow one writes what it has read. */
async function writeOverRefresh({ remote }: RunningApp, visitor: Visitor): Promise<void> {
  await remote.ask('hold', undefined)
  const slow = visitor.get('/note')
  await remote.ask('reached', undefined)
  await expectToken(visitor)
  await remote.ask('release', undefined)
  await slow
}

/** A request changes the session while another one, which began before it, waits for the provider. */
async function refreshOverWrite(visitor: Visitor, { provider }: Stage): Promise<boolean> {
  await provider.ask('holdRefreshes', undefined)
  const refreshing = expectToken(visitor)
  await provider.ask('refreshReached', undefined)
  await visitor.get('/note')
  await provider.ask('releaseRefreshes', undefined)
  await refreshing
  return (await visitor.get('/noted')).text === '{"note":"kept"}'
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Name } from './apps/index.js'
import type { RunningApp, Stage } from './stage.js'
import type { Visitor } from './visitor.js'

/** What does not depend on the machine's speed. */
export interface Checks {
  /** The commands that Redis gets: when a login starts, at its callback, and during a request with a fresh token. */
  readonly startCommands: readonly string[]
  readonly callbackCommands: readonly string[]
  readonly freshCommands: readonly string[]
  /** The same for a request that refreshes the token. */
  readonly refreshCommands?: readonly string[]
  /** What is this library's own in a session with short tokens, without the tokens themselves. */
  readonly ownBytes: number
  /** What a session takes in Redis, or else in the browser, with access tokens of 43 and of 900 characters. */
  readonly sessionBytes: readonly [short: number, long: number]
  /** Of three tabs, finished in each order there is, how many have logged in. */
  readonly tabsFinished: number
  /** The token requests of as many requests as there are in {@link STAMPEDE} with one expired token. */
  readonly stampedeRequests?: number
  /** How many of them got a token. */
  readonly stampedeAnswers?: number
  /** Whether the person was logged in after it. */
  readonly stampedeSurvived?: boolean
  /** The token requests of half as many requests and as many calls of a job, and how many of them got a token. */
  readonly jobStampedeRequests?: number
  readonly jobStampedeAnswers?: number
  /** Whether the new tokens are kept when a slow request writes back the session it read before. */
  readonly tokensKept?: boolean
  /** Whether a change of the application's is kept when a refresh ends after it that began before it. */
  readonly changeKept?: boolean
}

/** How many requests come at once with one expired token. */
export const STAMPEDE = 50

/** How many tabs there are, all orders together. */
export const TABS = 18

/** After so many milliseconds, everything is in Redis that nobody waits for. */
const LATE_MS = 100

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
  await app.visitor().logIn(app.contestant)
  const counted = await countCommands(app, stage)
  const short = await sessionAfterLogin(app, stage, 43)
  const long = await sessionAfterLogin(app, stage, 900)
  await stage.provider.ask('setTokenLength', 43)
  return {
    ...counted,
    sessionBytes: [short.length, long.length],
    ownBytes: app.contestant.packages.length === 0 ? ownBytesIn(short) : 0,
    tabsFinished: await finishTabs(app),
  }
}

async function countCommands(app: RunningApp, { redis, provider }: Stage) {
  const visitor = app.visitor()
  let callback = ''
  await sleep(LATE_MS)
  const startCommands = await redis.commandsDuring(async () => {
    callback = await visitor.startLogin(app.contestant)
  })
  const callbackCommands = await redis.commandsDuring(async () => {
    await visitor.finishLogin(callback)
    await sleep(LATE_MS)
  })
  await provider.ask('countTokenRequests', undefined)
  const freshCommands = await redis.commandsDuring(() => expectToken(visitor))
  if ((await provider.ask('countTokenRequests', undefined)) > 0) {
    throw new Error('A fresh token was refreshed.')
  }
  return { startCommands, callbackCommands, freshCommands }
}

async function expectToken(visitor: Visitor): Promise<void> {
  if (!(await visitor.getsToken())) throw new Error('There is no token after a login.')
}

/** What Redis has of a session after a login, or the browser's cookies if it has nothing. */
async function sessionAfterLogin(
  app: RunningApp,
  { redis, provider }: Stage,
  length: number,
): Promise<string> {
  await provider.ask('setTokenLength', length)
  await redis.client.flushAll()
  const visitor = app.visitor()
  await visitor.logIn(app.contestant)
  const keys = await redis.client.keys('sess:*')
  const contents = await Promise.all(keys.map((key) => redis.client.get(key)))
  return keys.length > 0 ? contents.join('') : visitor.cookie
}

/** What is this library's own in a session, without the token set. */
function ownBytesIn(session: string): number {
  const members = Object.entries(JSON.parse(session) as Record<string, unknown>)
  const own = Object.fromEntries(members.filter(([name]) => name.startsWith('oauth2:')))
  const withoutTokens = JSON.stringify(own, (name, value: unknown) =>
    name === 'tokens' ? undefined : value,
  )
  return withoutTokens === '{}' ? 0 : withoutTokens.length - '{}'.length + ','.length
}

async function finishTabs(app: RunningApp): Promise<number> {
  let finished = 0
  for (const order of ['012', '021', '102', '120', '201', '210']) {
    const visitor = app.visitor()
    const callbacks: string[] = []
    for (let tab = 0; tab < 3; tab++) {
      callbacks.push(await visitor.startLogin(app.contestant))
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
  const people = await withEndedTokens(stage, () => Promise.all(apps.map(logInSome)))
  for (const { app, visitors } of people) {
    const refreshCommands = await stage.redis.commandsDuring(() => expectToken(visitors[3]))
    const stampede = await stampedeBy(visitors[0], stage)
    checks.set(app.name, {
      refreshCommands,
      ...stampede,
      ...(app.contestant.jobs && (await stampedeWithJobs(app, visitors[4], stage))),
      ...(app.contestant.sessionFields && {
        changeKept: await refreshOverWrite(visitors[1], stage),
      }),
    })
  }
  await withEndedTokens(stage, async () => {
    for (const { app, visitors } of people)
      if (app.contestant.sessionFields) await writeOverRefresh(app, visitors[2])
  })
  for (const { app, visitors } of people) {
    if (!app.contestant.sessionFields) continue
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

async function logInSome(app: RunningApp) {
  const some = () => app.visitor()
  const visitors = [some(), some(), some(), some(), some()] as const
  for (const visitor of visitors) await visitor.logIn(app.contestant)
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

/** Every other caller is a job, which has no session and knows only whose token it needs. */
async function stampedeWithJobs(app: RunningApp, visitor: Visitor, { provider }: Stage) {
  const job = app.visitor()
  await provider.ask('countTokenRequests', undefined)
  const answers = await Promise.all(
    Array.from({ length: STAMPEDE }, (_, place) =>
      place % 2 === 0 ? visitor.getsToken() : job.getsToken(`/job?subject=${visitor.subject}`),
    ),
  )
  return {
    jobStampedeRequests: await provider.ask('countTokenRequests', undefined),
    jobStampedeAnswers: answers.filter((gotToken) => gotToken).length,
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

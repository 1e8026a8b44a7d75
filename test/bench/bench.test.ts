import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from '@jest/globals'
import { REPOSITORY } from '../support/repository.js'
import { describeWithRedis } from '../support/requirements.js'

/** As `bench/results.json` has it. */
interface Results {
  readonly checks: Readonly<Record<string, Record<string, unknown>>>
  readonly versions: Readonly<Record<string, string>>
}

const OURS = ['library', 'sealed', 'cookies', 'sealed-cookies']
const IN_REDIS = ['library', 'cookies']
const REFRESHING = [
  'bare',
  'passport-session',
  ...OURS,
  'passport-oauth2',
  'openid-client',
  'express-openid-connect',
]

describeWithRedis('the bench', () => {
  let results: Results
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-'))
    // It fails when anybody cannot log in, or gets no token after that.
    const args = ['--import', 'tsx', 'bench/main.ts', '--checks', '--out', folder]
    await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY })
    results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as Results
    await rm(folder, { recursive: true })
  }, 120_000)

  const figure = (name: string) =>
    Object.fromEntries(Object.entries(results.checks).map(([app, one]) => [app, one[name]]))

  it('logs people in with every application, and names the versions of all packages', () => {
    expect(Object.keys(results.checks)).toEqual([
      ...REFRESHING.slice(0, 7),
      'grant',
      ...REFRESHING.slice(7),
    ])
    expect(Object.keys(results.versions)).toEqual(
      expect.arrayContaining(['undici', 'passport-oauth2', 'passport-oauth2-refresh', 'grant']),
    )
  })

  it('counts the Redis commands of a login and of what follows', () => {
    expect(figure('loginCommands')).toMatchObject({
      bare: ['SET', 'GET', 'DEL', 'SET'],
      'sealed-cookies': ['DEL', 'SET'],
    })
    // Claim, record and links are in Redis, too. The note for the same callback in other processes comes when it comes.
    const { library = [] } = figure('loginCommands') as { library?: readonly string[] }
    const others = library.filter((command) => command !== 'SET')
    expect(others).toEqual(['GET', 'DEL', 'EVALSHA', 'EVALSHA', 'EVALSHA', 'GET'])
    expect([4, 5, 6]).toContain(library.length - others.length)
    for (const [app, commands] of Object.entries(figure('freshCommands')) as [string, string[]][]) {
      if (IN_REDIS.includes(app) && commands[0] === 'SET') commands.shift()
      expect(commands).toHaveLength(2)
    }
  })

  it('finds one refresh for a stampede here, and as many answers as requests', () => {
    for (const app of OURS) {
      expect(results.checks[app]).toMatchObject({
        stampedeRequests: 1,
        stampedeAnswers: 50,
        stampedeSurvived: true,
      })
    }
    for (const app of REFRESHING) {
      expect(results.checks[app]?.['stampedeRequests']).toBeGreaterThanOrEqual(1)
    }
  })

  it('finds all tabs finished here, in any order, and no update lost', () => {
    for (const app of OURS) {
      expect(results.checks[app]).toMatchObject({
        tabsFinished: 18,
        tokensKept: true,
        changeKept: true,
      })
    }
    // So that it is known to see what is lost.
    expect(results.checks['bare']).toMatchObject({
      tabsFinished: 6,
      tokensKept: false,
      changeKept: false,
    })
  })

  it('weighs a session with short and with long tokens', () => {
    const bytes = Object.entries(figure('sessionBytes')) as [string, [number, number]][]
    for (const [, [short]] of bytes) expect(short).toBeGreaterThan(200)
    const grown = bytes.filter(([, [short, long]]) => long > short + 800).map(([app]) => app)
    // With grants in Redis, no token is in the session.
    expect(grown).toEqual(
      Object.keys(figure('sessionBytes')).filter((app) => !IN_REDIS.includes(app)),
    )
  })
})

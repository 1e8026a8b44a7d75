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

const IN_REDIS = ['library', 'cookies']
const OURS = ['session', 'sealed', 'session-cookies', ...IN_REDIS]
const OTHERS = [
  'passport-oauth2',
  'grant',
  'openid-client',
  'express-openid-connect',
  'better-auth',
  'auth-js',
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
    const all = ['bare', 'passport-session', ...OURS, ...OTHERS]
    expect(Object.keys(results.checks)).toEqual(all)
    expect(Object.keys(results.versions)).toEqual(
      expect.arrayContaining([
        'undici',
        'passport-oauth2',
        'grant',
        'better-auth',
        '@auth/express',
      ]),
    )
  })

  it('counts the Redis commands of a login and of what follows', () => {
    expect(figure('startCommands')).toMatchObject({ bare: ['SET'], session: ['SET'], cookies: [] })
    expect(figure('callbackCommands')).toMatchObject({
      bare: ['GET', 'DEL', 'SET'],
      session: ['GET', 'DEL', 'SET'],
      'session-cookies': ['DEL', 'SET'],
    })
    // Claim, record and links are in Redis, too.
    const { library = [] } = figure('callbackCommands') as { library?: readonly string[] }
    const others = library.filter((command) => command !== 'SET')
    expect(others).toEqual(['GET', 'DEL', 'EVALSHA', 'EVALSHA', 'EVALSHA', 'GET'])
    for (const app of ['bare', ...OURS]) {
      expect(figure('freshCommands')[app]).toEqual(['GET', 'EXPIRE'])
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
    for (const app of ['bare', ...OTHERS.filter((app) => app !== 'grant')]) {
      expect(results.checks[app]?.['stampedeRequests']).toBeGreaterThanOrEqual(1)
      expect(results.checks[app]?.['stampedeAnswers']).toBeGreaterThanOrEqual(1)
    }
    // So that it is known to see what is not shared: each request brings the tokens of its own cookie.
    expect(results.checks['auth-js']?.['stampedeRequests']).toBe(50)
  })

  it('finds one refresh for requests and jobs together here', () => {
    for (const app of IN_REDIS) {
      expect(results.checks[app]).toMatchObject({ jobStampedeRequests: 1, jobStampedeAnswers: 50 })
    }
    expect(figure('jobStampedeRequests')['better-auth']).toBeGreaterThan(1)
    const withJobs = Object.entries(figure('jobStampedeRequests')).filter(
      ([, requests]) => requests,
    )
    expect(withJobs.map(([app]) => app)).toEqual([...IN_REDIS, 'better-auth'])
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
    for (const app of OTHERS) expect(results.checks[app]?.['tabsFinished']).toBeLessThan(18)
  })

  it('weighs a session with short and with long tokens', () => {
    const bytes = Object.entries(figure('sessionBytes')) as [string, [number, number]][]
    for (const [, [short]] of bytes) expect(short).toBeGreaterThan(200)
    const grown = bytes.filter(([, [short, long]]) => long > short + 800).map(([app]) => app)
    // With grants in Redis, or tokens in a database, no token is in the session.
    const elsewhere = [...IN_REDIS, 'better-auth']
    expect(grown).toEqual(bytes.map(([app]) => app).filter((app) => !elsewhere.includes(app)))
  })
})

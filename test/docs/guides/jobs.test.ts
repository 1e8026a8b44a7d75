import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, jest } from '@jest/globals'
import { discover, LoginRequiredError, MemoryGrants } from '../../../src/index.js'
import { PostgresGrants } from '../../../src/postgres.js'
import { RedisGrants } from '../../../src/redis.js'
import { logInFetch, startTestProvider } from '../../../src/testing.js'
import { startApp } from '../../support/app.js'
import { readGuide } from '../../support/documentation.js'
import { GRANT_SECRET } from '../../support/grant-modes.js'
import { createGuideProject } from '../../support/guide-app.js'
import { startPostgresProcess } from '../../support/postgres-process.js'
import { startRedis } from '../../support/redis.js'
import { startRedisProcess } from '../../support/redis-process.js'
import { refreshesAt } from '../../support/refreshes.js'
import { describeWithPostgres, describeWithRedis } from '../../support/requirements.js'
import { toJavaScript } from '../../support/to-javascript.js'

jest.setTimeout(60_000)

describe('the guide to jobs', () => {
  it('is enough to write a job that calls an API for everybody, and lists who must log in again', async () => {
    const provider = await startTestProvider()
    const keeping = { grants: new MemoryGrants(), grantLifetime: 'account' } as const
    const { strategy, origin, close } = await startApp({
      strategy: { ...provider.options, ...keeping, scope: 'openid' },
    })
    for (const sub of ['bob', 'ada', 'eve']) {
      provider.user = { sub }
      await logInFetch(origin, '/auth/login')
      if (sub === 'bob') provider.endGrants()
    }
    provider.expireAccessTokens()
    const answers: unknown[] = []
    const mustLogIn: string[] = []
    for (const person of ['ada', 'bob', 'carol', 'eve']) {
      try {
        const account = `default-user/oauth2/${person}`
        const answer = await strategy.fetch({ account }, provider.options.profileURL)
        answers.push(await answer.json())
      } catch (error) {
        if (error instanceof LoginRequiredError) mustLogIn.push(`${person}: ${error.reason}`)
      }
    }
    expect(answers).toMatchObject([{ sub: 'ada' }, { sub: 'eve' }])
    expect(mustLogIn).toEqual(['bob: grant_ended', 'carol: no_tokens'])
    await Promise.all([close(), provider.close()])
  })
})

/** How the guide's files are changed, one name after the other. */
type Change = (file: string, code: string) => string

/** Runs the guide's app and its job beside a provider, with a Redis that is running. */
async function expectGuideToWork(
  redisURL: string,
  change: Change = (_file, code) => code,
): Promise<void> {
  const provider = await startTestProvider({ user: { sub: 'ada', name: 'Ada' } })
  const project = await createGuideProject()
  const { blocks } = await readGuide('docs/jobs.md')
  const changed = blocks.map(({ file = '', code, ...rest }) => ({
    ...rest,
    file,
    code: change(file, code),
  }))
  for (const { file, code } of changed) if (file !== '') await project.write(file, code)
  const { issuer, clientID, clientSecret, profileURL } = provider.options
  const environment = {
    API_URL: profileURL,
    CLIENT_ID: clientID,
    CLIENT_SECRET: clientSecret,
    GRANT_SECRET,
    ISSUER: issuer,
    REDIS_URL: redisURL,
  }
  const { url } = await project.start(
    changed.find(({ file }) => file === 'app.mjs'),
    () => environment,
  )
  const { name } = await discover(issuer)

  const browse = await logInFetch(url, '/auth/login')
  expect(await (await browse('/report')).json()).toMatchObject({ sub: 'ada' })
  await browse('/auth/logout', { method: 'POST' })
  provider.user = { sub: 'bob', name: 'Bob' }
  await logInFetch(url, '/auth/login')
  const job = join(project.folder, 'job.mjs')
  // If it does not end by itself, it is ended, and this rejects.
  const options = { cwd: project.folder, env: { ...environment, APP_URL: url }, timeout: 30_000 }
  const run = () => promisify(execFile)(process.execPath, [job], options)

  provider.expireAccessTokens()
  for (const { stdout } of await Promise.all([run(), run()])) {
    expect(stdout).toContain(`${name}:ada { sub: 'ada', name: 'Ada' }`)
    expect(stdout).toContain(`${name}:bob { sub: 'bob', name: 'Bob' }`)
    expect(stdout).toContain('Must log in again: \n')
  }
  expect(refreshesAt(provider)).toBe(2)
  expect(provider.reused).toEqual([])

  provider.endGrants()
  const { stdout } = await run()
  const both = stdout.replace(/[^]*Must log in again: /, '').trim()
  expect(both.split(', ').sort()).toEqual([`${name}:ada`, `${name}:bob`])
  await project.remove()
  await provider.close()
}

describeWithRedis('the app and the job of the guide to jobs', (redisServer) => {
  it('share the grants, also if the job runs twice at once, and the job ends', async () => {
    const redis = await startRedisProcess(redisServer)
    await expectGuideToWork(redis.url)
    await redis.close()
  })

  describeWithPostgres('with grants in PostgreSQL', (postgres) => {
    it('do the same', async () => {
      const redis = await startRedisProcess(redisServer)
      const database = await startPostgresProcess(postgres)
      await new PostgresGrants({ pool: database.connect(), secret: GRANT_SECRET }).setUp()
      await expectGuideToWork(redis.url, (file, code) => {
        const moved = code
          .replace(/import { RedisGrants }.*/, PG)
          .replace(
            'new RedisGrants({ client, secret: GRANT_SECRET })',
            `new PostgresGrants({ pool, secret: GRANT_SECRET })`,
          )
          .replace('DATABASE_URL', JSON.stringify(database.url))
        expect(moved).not.toContain('RedisGrants')
        if (file !== 'job.mjs') return moved
        return moved.replace('{ client,', '{ client, pool,').concat('await pool.end()\n')
      })
      await redis.close()
      await database.close()
    })
  })
})

const PG = `import { PostgresGrants } from 'passport-authorization-code/postgres'
import { Pool } from 'pg'
export const pool = new Pool({ connectionString: DATABASE_URL })`

describeWithRedis('the job in the README', () => {
  it('calls an API for a person who has logged in', async () => {
    const redis = await startRedis()
    const provider = await startTestProvider({ user: { id: 'ada' } })
    const project = await createGuideProject()
    const { blocks } = await readGuide('README.md')
    const { code = '' } = blocks.find((block) => block.code.includes('RedisGrants')) ?? {}
    const { clientID, clientSecret, profileURL } = provider.options
    // Askara itself is out of reach for tests.
    const text = code
      .replace('...askara,', `...${JSON.stringify({ ...provider.options, name: 'askara' })},`)
      .replace('https://api.example.com/report', profileURL)
    const job = await project.write('job.mjs', toJavaScript(text))
    const env = {
      ASKARA_CLIENT_ID: clientID,
      ASKARA_CLIENT_SECRET: clientSecret,
      GRANT_SECRET,
      REDIS_URL: redis.url,
    }
    const run = () => promisify(execFile)(process.execPath, [job], { cwd: project.folder, env })

    await expect(run()).rejects.toThrow('LoginRequiredError: There are no tokens')
    const grants = new RedisGrants({ client: await redis.connect(), secret: GRANT_SECRET })
    const keeping = { grants, grantLifetime: 'account', name: 'askara' } as const
    const app = await startApp({ strategy: { ...provider.options, ...keeping } })
    await logInFetch(app.origin, '/auth/login')
    expect((await run()).stdout).toContain("{ id: 'ada' }")
    await app.close()
    await project.remove()
    await provider.close()
    await redis.stop()
  })
})

describeWithPostgres('the import of the guide to moving tokens', (postgres) => {
  it('takes over every row that has a refresh token, once', async () => {
    const database = await startPostgresProcess(postgres)
    const project = await createGuideProject()
    const pool = database.connect()
    await pool.query('CREATE TABLE users (id int, google_id text, refresh_token text)')
    await pool.query(`INSERT INTO users SELECT id, 'google-' || id, 'refresh-' || id
      FROM generate_series(1, 600) AS id UNION SELECT 601, NULL, NULL`)
    const { blocks } = await readGuide('docs/moving-tokens.md')
    const job = await project.write('import.mjs', toJavaScript(blocks[0]?.code ?? ''))
    const env = {
      DATABASE_URL: database.url,
      GOOGLE_CLIENT_ID: 'client-1',
      GOOGLE_CLIENT_SECRET: 'secret-1',
      GRANT_SECRET,
    }
    const run = () => promisify(execFile)(process.execPath, [job], { cwd: project.folder, env })

    expect((await run()).stdout).toContain('600 imported, 0 repaired, 0 were there before')
    expect((await run()).stdout).toContain('0 imported, 0 repaired, 600 were there before')
    await project.remove()
    await database.close()
  })
})

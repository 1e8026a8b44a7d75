import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it, jest } from '@jest/globals'
import { createClient } from 'redis'
import { discover, LoginRequiredError, MemoryGrants } from '../../../src/index.js'
import { PostgresGrants } from '../../../src/postgres.js'
import { RedisGrants } from '../../../src/redis.js'
import { logInFetch, startTestProvider } from '../../../src/testing.js'
import { startApp } from '../../support/app.js'
import { appsIn, readGuide } from '../../support/documentation.js'
import { GRANT_SECRET } from '../../support/grant-modes.js'
import { createGuideProject } from '../../support/guide-app.js'
import { startPostgresProcess } from '../../support/postgres-process.js'
import { startRedis } from '../../support/redis.js'
import { startRedisProcess } from '../../support/redis-process.js'
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

describeWithPostgres('the job of the guide to jobs', (postgres) => {
  it('shares the grants with the web app, also if it runs twice at once', async () => {
    const database = await startPostgresProcess(postgres)
    const provider = await startTestProvider()
    const project = await createGuideProject()
    const pool = database.connect()
    const grants = new PostgresGrants({ pool, secret: GRANT_SECRET })
    await grants.setUp()
    await pool.query('CREATE TABLE users (id text)')
    // The job's strategy has this name, by which both find the grants.
    const { name } = await discover(provider.options.issuer)
    const [ada, bob] = ['ada', 'bob'].map((id) => `default-user/${name}/${id}`)
    await pool.query('INSERT INTO users VALUES ($1), ($2)', [ada, bob])
    const app = await startApp({
      strategy: {
        ...provider.options,
        name,
        grants,
        grantLifetime: 'account',
        scope: 'openid profile offline_access',
      },
    })
    provider.user = { sub: 'ada' }
    const browse = await logInFetch(app.origin, '/auth/login')
    await browse('/auth/logout', { method: 'POST' })
    provider.expireAccessTokens()

    const { blocks } = await readGuide('docs/jobs.md')
    const job = await project.write('job.mjs', toJavaScript(blocks[0]?.code ?? ''))
    const { issuer, clientID, clientSecret, profileURL } = provider.options
    const env = {
      API_URL: profileURL,
      CLIENT_ID: clientID,
      CLIENT_SECRET: clientSecret,
      DATABASE_URL: database.url,
      GRANT_SECRET,
      ISSUER: issuer,
    }
    const run = () => promisify(execFile)(process.execPath, [job], { cwd: project.folder, env })
    const outputs = await Promise.all([run(), run()])

    for (const { stdout } of outputs) {
      expect(stdout).toContain(`${ada} { sub: 'ada' }`)
      expect(stdout).toContain(`Must log in again: ${bob}`)
    }
    const refreshes = provider
      .requestsTo('token')
      .filter(({ parameters }) => parameters['grant_type'] === 'refresh_token')
    expect(refreshes.length).toBe(1)
    expect(provider.reused).toEqual([])
    await app.close()
    await project.remove()
    await provider.close()
    await database.close()
  })
})

describeWithRedis(
  'the job of the guide to jobs, with the client of the guide to Redis,',
  (redisServer) => {
    it('shares the grants with the web app, and ends', async () => {
      const redis = await startRedisProcess(redisServer)
      const provider = await startTestProvider()
      const project = await createGuideProject()
      const client = createClient({ url: redis.url })
      await client.connect()
      const { issuer, clientID, clientSecret, profileURL } = provider.options
      const { name } = await discover(issuer)
      const keeping = { grants: new RedisGrants({ client, secret: GRANT_SECRET }), name } as const
      const app = await startApp({
        strategy: { ...provider.options, ...keeping, grantLifetime: 'account', scope: 'openid' },
      })
      await logInFetch(app.origin, '/auth/login')

      const [webApp] = appsIn(await readGuide('docs/redis-and-several-processes.md'))
      const [setUp = ''] = webApp?.code.split('const store =') ?? []
      await project.write('redis.mjs', `${toJavaScript(setUp)}\nexport { client, grants }`)
      const { blocks } = await readGuide('docs/jobs.md')
      const code = (blocks[0]?.code ?? '')
        .replace(/import { PostgresGrants }.*/, "import { client, grants } from './redis.mjs'")
        .replace(/(import { Pool }|const pool =).*/g, '')
        .replace(/new PostgresGrants\(.*\)/, 'grants')
        .replace(/await pool.query\(.*\)/, `{ rows: [{ id: 'default-user/${name}/ada' }] }`)
        .replace('await pool.end()', 'await client.close()')
      expect(code).not.toMatch(/pool|Postgres/)
      const job = await project.write('job.mjs', toJavaScript(code))
      const env = {
        API_URL: profileURL,
        CLIENT_ID: clientID,
        CLIENT_SECRET: clientSecret,
        GRANT_SECRET,
        ISSUER: issuer,
        REDIS_URL: redis.url,
        SESSION_SECRET: 'a secret of a test',
      }
      // If it does not end by itself, it is ended, and this rejects.
      const options = { cwd: project.folder, env, timeout: 30_000 }
      const { stdout } = await promisify(execFile)(process.execPath, [job], options)

      expect(stdout).toContain(`default-user/${name}/ada { sub: 'ada'`)
      await app.close()
      await client.close()
      await project.remove()
      await provider.close()
      await redis.close()
    })
  },
)

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
      .replace("'ada'", "'default-user/askara/ada'")
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

import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { Grants } from '../../src/index.js'
import { PostgresGrants } from '../../src/postgres.js'
import { writeGrants } from '../support/write-grants.js'
import { runCommand } from '../support/command-line.js'
import { GRANT_SECRET } from '../support/grant-modes.js'
import { startPostgresProcess } from '../support/postgres-process.js'
import type { PostgresProcess } from '../support/postgres-process.js'
import { describeWithPostgres } from '../support/requirements.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

/** What `doctor` finds of PostgreSQL, and everything that it prints. */
async function examine(env: Readonly<Record<string, string>>) {
  const { printed } = await runCommand(['doctor', '--json'], env)
  const { findings } = JSON.parse(printed) as { findings: { check: string; status: string }[] }
  return { printed, finding: findings.find(({ check }) => check === 'PostgreSQL') }
}

describeWithPostgres('doctor, with a PostgreSQL', (postgres) => {
  let server: PostgresProcess

  beforeAll(async () => {
    server = await startPostgresProcess(postgres)
  })
  afterAll(() => server.close())

  const setUp = (schema?: string): Promise<void> =>
    new PostgresGrants({ pool: server.connect(), secret: GRANT_SECRET, schema }).setUp()

  it.each([undefined, 'auth'])(
    'says whether it has the tables, in the schema %s',
    async (schema) => {
      const DATABASE_URL = server.url.replace('test@', 'test:a-password@')
      const { host } = new URL(server.url)
      const env = { DATABASE_URL, ...(schema !== undefined && { DATABASE_SCHEMA: schema }) }
      const before = await examine(env)
      expect(before.finding).toMatchObject({
        status: 'warning',
        seen: expect.stringContaining(`${host} answers, but has no `),
        cure: expect.stringContaining('grants.setUp()'),
      })
      await setUp(schema)
      const after = await examine(env)
      expect(after.finding).toMatchObject({
        status: 'ok',
        seen: `${host} answers, and has the tables`,
      })
      expect(before.printed + after.printed).not.toContain('a-password')
    },
  )

  it('says whether the secret opens the grants', async () => {
    const schema = 'grants_of_two'
    await setUp(schema)
    const env = { DATABASE_URL: server.url, DATABASE_SCHEMA: schema }
    const [newer, older] = ['the newer secret '.repeat(2), 'the older secret '.repeat(2)]
    const secretOf = async (GRANT_SECRET: string): Promise<unknown> => {
      const { printed } = await examine({ ...env, GRANT_SECRET })
      const { findings } = JSON.parse(printed) as { findings: { check: string; seen: string }[] }
      return findings.find(({ check }) => check === 'grant secret')?.seen
    }
    expect(await secretOf(newer)).toBe('the store has no grants yet')
    const grantsOf = (secret: string): Grants =>
      new PostgresGrants({ pool: server.connect(), secret, schema })
    await writeGrants(grantsOf(older), 2)
    await writeGrants(grantsOf(newer), 1)
    expect(await secretOf(newer)).toBe('GRANT_SECRET opens only 1 of 3 grants that were tried')
    expect(await secretOf(`${newer},${older}`)).toBe(
      'GRANT_SECRET opens all of 3 grants that were tried, 2 of them with an older secret',
    )
  })

  it('finds a server that only reads', async () => {
    const options = encodeURIComponent('-c default_transaction_read_only=on')
    const { finding } = await examine({ DATABASE_URL: `${server.url}?options=${options}` })
    expect(finding).toMatchObject({ status: 'failed', seen: expect.stringContaining('only reads') })
  })

  it('finds a name that no schema has', async () => {
    const { finding } = await examine({ DATABASE_URL: server.url, DATABASE_SCHEMA: 'a"b' })
    expect(finding).toMatchObject({ status: 'failed', cure: 'Correct DATABASE_SCHEMA.' })
  })
})

describe('doctor, without a PostgreSQL', () => {
  it.each([
    ['http://:a-password@127.0.0.1:1', /^the address is not one of PostgreSQL$/, /postgres:/],
    ['postgres://:a-password@127.0.0.1:1/app', /ECONNREFUSED/, /DATABASE_URL/],
  ])('finds what is wrong with the address %s', async (DATABASE_URL, seen, cure) => {
    const { finding, printed } = await examine({ DATABASE_URL })
    expect(finding).toEqual({
      check: 'PostgreSQL',
      status: 'failed',
      seen: expect.stringMatching(seen),
      cure: expect.stringMatching(cure),
    })
    expect(printed).not.toContain('a-password')
  })

  it('finds a server that says nothing', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const { finding } = await examine({ DATABASE_URL: `postgres://127.0.0.1:${port}/app` })
    expect(finding).toMatchObject({ status: 'failed', seen: `127.0.0.1:${port} does not answer` })
    silent.close()
  })

  it('skips the check without an address', async () => {
    await expect(examine({})).resolves.toMatchObject({ finding: { status: 'skipped' } })
  })
})

import { PGlite } from '@electric-sql/pglite'
import { describe, expect, it, jest } from '@jest/globals'
import { accountName } from '../../../src/grants/index-names.js'
import { partsOf } from '../../../src/grants/grants.js'
import { PostgresGrants } from '../../../src/postgres.js'
import { readGuide } from '../../support/documentation.js'
import { GRANT_SECRET } from '../../support/grant-modes.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

describe('the guide to tokens in your own database', () => {
  it('has a query that counts the grants of each user', async () => {
    const { blocks } = await readGuide('docs/tokens-in-your-database.md')
    const block = blocks.find(({ code }) => code.includes('JOIN oauth2_links'))
    const [, query = ''] = /pool\.query\(`(.*?)`\)/s.exec(block?.code ?? '') ?? []
    const pool = new PGlite()
    const grants = new PostgresGrants({ pool, secret: GRANT_SECRET })
    await grants.setUp()
    await pool.exec('CREATE TABLE users (id int); INSERT INTO users VALUES (1), (2), (3)')
    const { engine, index } = partsOf(grants)
    const logins = [
      ['a', 'google', '1'],
      ['b', 'google', '1'],
      ['c', 'with/slash', '1'],
      ['d', 'google', '2'],
    ] as const
    for (const [id, strategy, account] of logins) {
      const tokens = { accessToken: 'a token', tokenType: 'bearer' }
      const names = [accountName(strategy, account)]
      await engine.begin(id, { strategy, tokens, lifetimeMs: 60_000, of: { names } })
      await index.link(id, names, 60_000)
    }

    const { rows } = await pool.query(`${query} ORDER BY id, strategy`)
    expect(rows).toEqual([
      { id: 1, strategy: 'google', grants: 2 },
      { id: 1, strategy: 'with/slash', grants: 1 },
      { id: 2, strategy: 'google', grants: 1 },
    ])
    await pool.close()
  })
})

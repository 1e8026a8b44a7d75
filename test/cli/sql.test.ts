import { PGlite } from '@electric-sql/pglite'
import { afterAll, describe, expect, it, jest } from '@jest/globals'
import { PostgresGrants } from '../../src/postgres.js'
import { runCommand } from '../support/command-line.js'
import { GRANT_SECRET } from '../support/grant-modes.js'

// A database takes seconds to start on a busy machine.
jest.setTimeout(60_000)

describe('the command sql', () => {
  const database = new PGlite()
  afterAll(() => database.close())

  it.each([undefined, 'auth'])(
    'prints statements that leave nothing to set up, in the schema %s',
    async (schema) => {
      const { exitCode, printed, said } = await runCommand([
        'sql',
        ...(schema === undefined ? [] : ['--schema', schema]),
      ])
      expect([exitCode, said]).toEqual([0, ''])
      await database.exec(printed)
      await database.exec(printed)
      const sent: string[] = []
      const pool = {
        query(text: string, values: unknown[]) {
          sent.push(text)
          return database.query(text, values)
        },
      }
      await new PostgresGrants({ pool, secret: GRANT_SECRET, schema }).setUp()
      expect(sent).toEqual([expect.stringMatching(/^SELECT/)])
    },
  )

  it('refuses what is not the name of a schema, and arguments that it does not know', async () => {
    const wrong = await runCommand(['sql', '--schema', 'a"b'])
    expect([wrong.exitCode, wrong.printed]).toEqual([2, ''])
    expect(wrong.said).toContain('--schema must be the name of a schema')
    await expect(runCommand(['sql', '--scheme', 'x'])).resolves.toMatchObject({ exitCode: 2 })
  })
})

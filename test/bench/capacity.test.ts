import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, it } from '@jest/globals'
import type { CapacityResults } from '../../bench/capacity/report.js'
import { REPOSITORY } from '../support/repository.js'
import { describeWithPostgres, describeWithRedis } from '../support/requirements.js'

const GRANTS = 600
const CALLS = 20

describeWithRedis('the capacity bench', () => {
  describeWithPostgres('with both stores', () => {
    let results: CapacityResults
    let printed: string
    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'capacity-'))
      const extent = ['--grants', String(GRANTS), '--calls', String(CALLS), '--processes', '2']
      const args = ['--import', 'tsx', 'bench/capacity/main.ts', ...extent, '--out', folder]
      // It fails if a grant is refreshed twice, or not at all.
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY })
      printed = stdout
      results = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as CapacityResults
      await rm(folder, { recursive: true })
    }, 180_000)

    it('fills them, and renews and reads grants with several processes', () => {
      expect(results.stores.map(({ kind }) => kind)).toEqual(['Redis', 'PostgreSQL'])
      for (const { grants, calls, refreshes, sizes } of results.stores) {
        expect(grants).toBe(GRANTS)
        const rows = calls.map(({ what, processes, perSecond }) => [what, processes, perSecond > 0])
        expect(rows).toEqual([
          ...[
            ['renewal', 1, true],
            ['read', 1, true],
          ],
          ...[
            ['renewal', 2, true],
            ['read', 2, true],
          ],
        ])
        // With a tenth to warm up.
        expect(refreshes).toMatchObject({ refreshed: 2 * (CALLS + CALLS / 10), reused: 0 })
        for (const { bytes } of sizes) expect(bytes).toBeGreaterThan(0)
      }
    })

    it('finds the grants of the daily job that are due, and no others', () => {
      for (const { long } of results.stores) {
        expect(long.grants).toBe(GRANTS / 20)
        expect(long.renewIdle.renewed).toBe(1)
      }
    })

    it('prints the tables of the page', () => {
      expect(printed).toMatch(/^\| Redis, renewal \| 600 \| 2 \|/m)
      expect(printed).toMatch(/^\| PostgreSQL, read \| 600 \| 2 \|/m)
    })
  })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { capacityTables } from '../../bench/capacity/report.js'
import type { CapacityResults } from '../../bench/capacity/report.js'
import { chart } from '../../bench/chart.js'
import { readmeSummary, summary } from '../../bench/report.js'
import type { Results } from '../../bench/results.js'
import { format } from '../../docs/generate/format.js'
import { REPOSITORY } from '../support/repository.js'

const results = JSON.parse(await read('bench/results.json')) as Results

async function read(file: string): Promise<string> {
  return readFile(join(REPOSITORY, file), 'utf8')
}

const capacity = JSON.parse(await read('bench/capacity/results.json')) as CapacityResults

it.each([
  ['README.md', readmeSummary(results)],
  ['docs/figures.md', summary(results)],
  ['docs/capacity.md', capacityTables(capacity)],
])('the figures in %s are those of the last run', async (page, rendered) => {
  const [, figures = ''] = /<!-- bench -->(.*?)<!-- \/bench -->/s.exec(await read(page)) ?? []
  expect(figures.trim()).toBe((await format(rendered)).trim())
})

it('the picture is of bench/results.json', async () => {
  expect(await read('docs/chart.svg')).toBe(chart(results))
})

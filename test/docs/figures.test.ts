import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { chart } from '../../bench/chart.js'
import { readmeSummary, summary } from '../../bench/report.js'
import type { Results } from '../../bench/results.js'
import { format } from '../../docs/generate/format.js'
import { REPOSITORY } from '../support/repository.js'

const results = JSON.parse(await read('bench/results.json')) as Results

async function read(file: string): Promise<string> {
  return readFile(join(REPOSITORY, file), 'utf8')
}

it.each([
  ['README.md', readmeSummary],
  ['docs/figures.md', summary],
])('the figures in %s are those of bench/results.json', async (page, render) => {
  const [, figures = ''] = /<!-- bench -->(.*?)<!-- \/bench -->/s.exec(await read(page)) ?? []
  expect(figures.trim()).toBe((await format(render(results))).trim())
})

it('the picture is of bench/results.json', async () => {
  expect(await read('docs/chart.svg')).toBe(chart(results))
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { REPOSITORY } from '../support/repository.js'

/** A row of a conformance table that names tests. */
export interface ConformanceRow {
  /**
   * The page and the row's first cell, such as `fapi-2 5.2.1-1`. Where several rows of a page begin alike, their
   * number among these is added: `rfc9700 2.1 (2)`.
   */
  readonly key: string
  /** The ids of the tests in its last cell. */
  readonly tests: readonly string[]
}

const PAGES = ['attacks', 'rfc9700', 'fapi-2', 'openid']

/** All rows of the conformance tables that name tests. */
export async function conformanceRows(): Promise<readonly ConformanceRow[]> {
  const pages = await Promise.all(
    PAGES.map(async (page) => {
      const file = join(REPOSITORY, 'docs/conformance', `${page}.md`)
      return rowsIn(page, await readFile(file, 'utf8'))
    }),
  )
  return pages.flat()
}

/** The rows of the tables in one page that name tests. */
export function rowsIn(page: string, text: string): readonly ConformanceRow[] {
  const rows = text
    .split('\n')
    .filter((line) => /^\| (?!---)/.test(line))
    .map(cellsOf)
  return rows.flatMap(([first = '', ...others], index) => {
    const tests = [...(others.at(-1) ?? '').matchAll(/`([a-z\d-]+-\d+)`/g)].map(([, id = '']) => id)
    if (tests.length === 0) return []
    const alike = rows.filter(([cell]) => cell === first)
    const number = rows.slice(0, index + 1).filter(([cell]) => cell === first).length
    const name = first.replaceAll('`', '')
    return [{ key: `${page} ${name}${alike.length > 1 ? ` (${number})` : ''}`, tests }]
  })
}

function cellsOf(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())
}

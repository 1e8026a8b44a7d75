import { readdir, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { REPOSITORY } from '../support/repository.js'

const ECOSYSTEM = join(REPOSITORY, 'test', 'ecosystem')
const page = await readFile(join(REPOSITORY, 'docs', 'works-with.md'), 'utf8')

/** A row of the table: the versions that it names, and the test that it leads to. */
interface Row {
  readonly versions: readonly string[]
  readonly test: string
  readonly folder: string
}

const rows: readonly Row[] = page.split('\n').flatMap((line) => {
  const [, test = '', folder = ''] =
    /`(([\w-]+)\/[\w/-]+(?:\.js|\.test\.ts))` *\|$/.exec(line) ?? []
  const versions = [...line.matchAll(/`(@?[\w./-]+@\d[\w.-]*)`/g)].map(([, one = '']) => one)
  return test === '' ? [] : [{ versions, test, folder }]
})

interface LockedPackage {
  readonly name?: string
  readonly version?: string
}

/** Each package that a folder installs for its tests, as `name@version`. */
async function locked(folder: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(ECOSYSTEM, folder, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockedPackage>> }
  return new Set(
    Object.entries(packages).map(([path, { name, version }]) => {
      const known = name ?? path.replace(/^.*node_modules\//, '')
      return `${known}@${version}`
    }),
  )
}

describe('the table of what works with what', () => {
  it('has rows, each with a test that is there', () => {
    expect(rows.length).toBeGreaterThan(10)
    expect(rows.filter(({ test }) => !existsSync(join(ECOSYSTEM, test)))).toEqual([])
  })

  it('names the versions that the tests install', async () => {
    for (const { versions, folder } of rows) {
      const installed = await locked(folder)
      expect(versions.filter((version) => !installed.has(version))).toEqual([])
    }
  })

  it('has a row for each folder that has tests', async () => {
    const entries = await readdir(ECOSYSTEM)
    const folders = entries.filter((one) => existsSync(join(ECOSYSTEM, one, 'package-lock.json')))
    expect([...new Set(rows.map(({ folder }) => folder))].sort()).toEqual(folders.sort())
  })
})

describe('the lock files of these tests', () => {
  it('say nothing of where packages were downloaded', async () => {
    for (const folder of new Set(rows.map((row) => row.folder))) {
      const text = await readFile(join(ECOSYSTEM, folder, 'package-lock.json'), 'utf8')
      expect(text).not.toContain('"resolved"')
    }
  })
})

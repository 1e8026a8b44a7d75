import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { REPOSITORY } from '../support/repository.js'

/** Tells each file that an import statement, or `import()`, has led to. */
const RESOLVE_HOOK = `
import { writeSync } from 'node:fs'
export async function resolve(name, context, next) {
  const found = await next(name, context)
  writeSync(1, found.url + '\\n')
  return found
}`

/** Imports the entries of the package beside what every application with Passport has loaded already. */
function importing(entries: readonly string[]): string {
  return `
import { register } from 'node:module'
for (const name of ['express', 'express-session', 'passport', 'passport-oauth2', 'debug']) await import(name)
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(RESOLVE_HOOK)}))
const before = new Set(process.moduleLoadList)
for (const entry of ${JSON.stringify(entries)}) await import(entry)
for (const name of process.moduleLoadList) if (!before.has(name)) console.log('built in: ' + name)`
}

/** What is loaded when the built package is imported: paths in the repository, names of packages, and built-in modules. */
async function loadedBy(...entries: string[]) {
  const args = ['--input-type=module', '--eval', importing(entries)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY })
  const lines = [...new Set(stdout.trim().split('\n'))]
  const files = lines
    .filter((line) => line.startsWith('file:'))
    .map((url) => relative(REPOSITORY, fileURLToPath(url)))
  const packages = files.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1])
  return {
    ownFiles: files.filter((file) => !file.startsWith('node_modules')),
    packages: [...new Set(packages.filter((name) => name !== undefined))].sort(),
    builtIn: lines.filter((line) => line.startsWith('built in: ')),
  }
}

async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map((file) => stat(join(REPOSITORY, file))))
  return sizes.reduce((sum, { size }) => sum + size, 0)
}

describe('importing the package', () => {
  it('loads few files, and of packages only those that applications with Passport have loaded', async () => {
    const { ownFiles, packages } = await loadedBy('passport-authorization-code')
    expect(ownFiles).toContain('dist/index.js')
    expect(ownFiles.length).toBeLessThan(20)
    expect(await sizeOf(ownFiles)).toBeLessThan(700_000)
    // jose, oauth4webapi and undici are loaded by the first request that needs them.
    expect(packages).toEqual(['debug', 'express', 'passport', 'passport-oauth2'])
  })

  it('does not start the `fetch` that is built into Node.js', async () => {
    const { builtIn } = await loadedBy('passport-authorization-code')
    // So that it is known to see what is loaded.
    expect(builtIn.length).toBeGreaterThan(0)
    expect(builtIn.filter((line) => /undici|http2|webstreams/.test(line))).toEqual([])
  })

  it.each(['redis', 'postgres'])('loads little more for the store in %s', async (name) => {
    const index = await loadedBy('passport-authorization-code')
    const both = await loadedBy(
      'passport-authorization-code',
      `passport-authorization-code/${name}`,
    )
    expect(both.packages).toEqual(index.packages)
    const more = both.ownFiles.filter((file) => !index.ownFiles.includes(file))
    expect(more).toContain(`dist/${name}.js`)
    expect(await sizeOf(more)).toBeLessThan(40_000)
  })

  it.each(['connect', 'flow-inspector', 'index', 'postgres', 'redis', 'testing'])(
    'gives what %s exports by its own name',
    async (entry) => {
      const url = new URL(`../../dist/${entry}.js`, import.meta.url)
      const exported = Object.entries((await import(url.href)) as Record<string, unknown>)
      const functions = exported.filter(([, value]) => typeof value === 'function')
      expect(functions.length).toBeGreaterThan(0)
      for (const [name, value] of functions) expect(value).toHaveProperty('name', name)
    },
  )
})

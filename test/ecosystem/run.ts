/**
 * Installs each folder beside this file as it is locked there, adds the packed package, and runs the folder's tests.
 *
 * `npm run test:ecosystem` runs all of them, `npm run test:ecosystem -- clients adopt/github2 adopt/facebook` some, or some tests of
 * a folder whose tests are Jest's. Prints how long each took; the exit code is 1 if any failed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ecosystem = dirname(fileURLToPath(import.meta.url))
const repository = join(ecosystem, '..', '..')
/** npm, without what nobody reads. */
const NPM = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline']

const wanted = process.argv.length > 2 ? process.argv.slice(2) : await allFolders()
const folders = new Set(wanted.map((one) => one.split('/', 1).join()))
const temporary = await mkdtemp(join(tmpdir(), 'ecosystem-'))
const ends: string[] = []
try {
  const tarball = await pack()
  for (const folder of folders) ends.push(await runFolder(folder, tarball))
} finally {
  await rm(temporary, { recursive: true, force: true })
}
console.log(ends.join('\n'))

/** The folders that have packages of their own. */
async function allFolders(): Promise<readonly string[]> {
  const entries = await readdir(ecosystem)
  return entries.filter((one) => existsSync(join(ecosystem, one, 'package.json'))).sort()
}

/** The arguments for the tests that are wanted of a folder; none are all. */
function testsOf(name: string): readonly string[] {
  const tests = wanted
    .filter((one) => one.startsWith(`${name}/`))
    .map((one) => `ecosystem/${one}\\.test\\.`)
  // By name: bare patterns would be added to the last option of the folder's own command.
  return tests.length === 0 ? [] : ['--testPathPatterns', ...tests]
}

async function pack(): Promise<string> {
  await run('npm', ['pack', '--loglevel=error', '--pack-destination', temporary], repository)
  const [name] = await readdir(temporary)
  if (name === undefined) throw new Error('npm pack made no tarball')
  return join(temporary, name)
}

/** Runs one folder, and says how it ended. */
async function runFolder(name: string, tarball: string): Promise<string> {
  const folder = join(ecosystem, name)
  const startedAt = performance.now()
  const took = (): string => `${((performance.now() - startedAt) / 1000).toFixed(0)} s`
  try {
    await run('npm', ['ci', ...NPM], folder)
    await run('npm', ['install', '--no-save', '--no-package-lock', ...NPM, tarball], folder)
    const installed = took()
    await run('npm', ['test', '--', ...testsOf(name)], folder, { PACKED_PACKAGE: tarball })
    return `ok    ${name} (${took()}, ${installed} of them to install)`
  } catch (error) {
    process.exitCode = 1
    return `FAIL  ${name} (${took()}): ${(error as Error).message}`
  }
}

/** @throws {Error} if the command does not end with 0 */
async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<void> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${String(code)}`)
}

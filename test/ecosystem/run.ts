import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../support/repository.js'

/**
 * `npm run test:ecosystem`: installs the packages of each folder beside this file, and runs the tests in it. With arguments,
 * only those folders, or only some tests of a folder: `npm run test:ecosystem -- clients adopt/github2 adopt/facebook`.
 */
const HERE = join(REPOSITORY, 'test', 'ecosystem')

const all = readdirSync(HERE).filter((name) => existsSync(join(HERE, name, 'package.json')))
const wanted = process.argv.length > 2 ? process.argv.slice(2) : all
const folders = [...new Set(wanted.map((name) => name.split('/', 1).join()))]

const unknown = folders.find((folder) => !all.includes(folder))
if (unknown !== undefined) {
  console.error(`There is no folder '${unknown}'. There are ${all.join(', ')}.`)
  process.exit(1)
}

function run(command: string, given: readonly string[], cwd: string): boolean {
  const { status, error } = spawnSync(command, given, { cwd, stdio: 'inherit' })
  if (error !== undefined) console.error(error.message)
  return status === 0
}

const failed = folders.filter((folder) => {
  const place = join(HERE, folder)
  if (!run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], place)) return true
  const tests = wanted
    .filter((name) => name.startsWith(`${folder}/`))
    .map((name) => `ecosystem/${name}\\.test\\.`)
  const jest = [
    '--experimental-vm-modules',
    join(REPOSITORY, 'node_modules/jest/bin/jest.js'),
    ...tests,
    `--roots=${place}`,
    // The root's configuration leaves these folders out.
    '--modulePathIgnorePatterns=^$',
  ]
  return !run(process.execPath, jest, REPOSITORY)
})

if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}.`)
  process.exitCode = 1
}

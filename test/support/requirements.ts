import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, it } from '@jest/globals'

/** A program that some tests need and a machine may lack. */
interface Program {
  /** Its names, the preferred one first. */
  readonly commands: readonly string[]
  /** Where it may be beside the path. */
  readonly folders?: readonly string[]
  /** How to get it, for whoever reads why tests were skipped. */
  readonly advice: string
}

const REDIS: Program = {
  commands: ['redis-server'],
  advice: 'install the package redis-server (or redis)',
}

const POSTGRES: Program = {
  commands: ['postgres'],
  folders: debianFolders(),
  advice: 'install the package postgresql, and put its programs on the path',
}

const CHROMIUM: Program = {
  commands: ['chromium', 'chromium-browser', 'google-chrome'],
  advice: 'install the package chromium',
}

const GLEWLWYD: Program = {
  commands: ['glewlwyd'],
  advice: 'install the package glewlwyd',
}

/**
 * `describe` for tests that start a Redis server of their own; `suite` gets the program's path. Where
 * there is no such program the tests are skipped, and the run ends by saying so; on CI they fail.
 */
export function describeWithRedis(name: string, suite: (redisServer: string) => void): void {
  describeWith(REDIS, name, suite)
}

/**
 * `describe` for tests that start a PostgreSQL server of their own; `suite` gets the program's path. Where there
 * is no such program the tests are skipped, and the run ends by saying so; on CI they fail.
 */
export function describeWithPostgres(name: string, suite: (postgres: string) => void): void {
  describeWith(POSTGRES, name, suite)
}

/**
 * `describe` for tests that start a Chromium of their own; `suite` gets the program's path. Where there
 * is no such program the tests are skipped, and the run ends by saying so; on CI they fail.
 */
export function describeWithChromium(name: string, suite: (chromium: string) => void): void {
  describeWith(CHROMIUM, name, suite)
}

/**
 * `describe` for tests that start a Glewlwyd of their own; `suite` gets the program's path. Where there
 * is no such program the tests are skipped, and the run ends by saying so; on CI they fail.
 */
export function describeWithGlewlwyd(name: string, suite: (glewlwyd: string) => void): void {
  describeWith(GLEWLWYD, name, suite)
}

function describeWith(program: Program, name: string, suite: (path: string) => void): void {
  const [command = ''] = program.commands
  const path = findProgram(program)
  if (path !== undefined) {
    describe(name, () => suite(path))
    return
  }
  const reason = `there is no ${command} on this machine: ${program.advice}`
  if (isRequired(process.env)) {
    describe(name, () => {
      it(`needs ${command}`, () => {
        throw new Error(`On CI nothing is skipped, and ${reason}.`)
      })
    })
    return
  }
  // `skipped-reporter.js` reads the reason out of the title.
  describe.skip(`${name} (skipped: ${reason})`, () => suite(command))
}

/** CI services set `CI` to `true` or `1`; a person may set it to `false` or nothing. */
function isRequired({ CI = '' }: Readonly<Record<string, string | undefined>>): boolean {
  return !['', '0', 'false'].includes(CI)
}

/** The path of the first of its commands that can be run. */
function findProgram({ commands, folders = [] }: Program): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return commands
    .flatMap((command) => [...path, ...folders].map((folder) => join(folder, command)))
    .find((path) => isExecutable(path))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Debian keeps the programs of each version of PostgreSQL in a folder that is not on the path. */
function debianFolders(): readonly string[] {
  const all = '/usr/lib/postgresql'
  try {
    return readdirSync(all).map((version) => join(all, version, 'bin'))
  } catch {
    return []
  }
}

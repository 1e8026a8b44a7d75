import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { REPOSITORY } from '../test/support/repository.js'
import { shuffled } from './shuffled.js'

/** What each import takes, in **milliseconds** of CPU and of waiting: the median of the rounds. */
export interface Loading {
  readonly cpuMs: number
  readonly elapsedMs: number
}

/** What an application may import beside Express and Passport, by its name in the table. */
export const IMPORTED: Readonly<Record<string, readonly string[]>> = {
  'passport-oauth2': ['passport-oauth2'],
  'passport-authorization-code': ['passport-authorization-code'],
  'passport-authorization-code, and its /redis': [
    'passport-authorization-code',
    'passport-authorization-code/redis',
  ],
  grant: ['grant'],
  'openid-client, its Passport strategy': ['openid-client', 'openid-client/passport'],
  'express-openid-connect': ['express-openid-connect'],
}

const program = (names: readonly string[]): string => `
for (const name of ['express', 'express-session', 'passport']) await import(name)
const startedAt = performance.now()
const before = process.cpuUsage()
for (const name of ${JSON.stringify(names)}) await import(name)
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ cpuMs: (user + system) / 1000, elapsedMs: performance.now() - startedAt }))`

/** Imports each in a new process that has loaded Express and Passport, one after the other in each round. */
export async function measureLoading(rounds: number): Promise<Record<string, Loading>> {
  const found = new Map<string, Loading[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, imported] of shuffled(Object.entries(IMPORTED))) {
      const args = ['--input-type=module', '--eval', program(imported)]
      const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: REPOSITORY })
      found.set(name, [...(found.get(name) ?? []), JSON.parse(stdout) as Loading])
    }
  }
  return Object.fromEntries(
    Object.keys(IMPORTED).map((name) => {
      const all = found.get(name) ?? []
      const medianOf = (figure: keyof Loading): number => median(all.map((one) => one[figure]))
      return [name, { cpuMs: medianOf('cpuMs'), elapsedMs: medianOf('elapsedMs') }]
    }),
  )
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

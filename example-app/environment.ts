import { readFileSync } from 'node:fs'
import type { ExampleAppOptions } from './options.js'

/** The names of the environment variables that the example app knows. */
export type Environment = Readonly<Record<string, string | undefined>>

const DEFAULT_PORT = 3000
/** How many ports after the default one are tried when nobody asked for a certain one. */
const MORE_PORTS = 20
const DEFAULT_WORKERS = 4
const HOW_TO_MAKE_A_SECRET =
  'Make one with `openssl rand -base64 32`, and use the same at every start: it opens the tokens that are stored.'
const MAX_WORKERS = 64

/**
 * Reads the options of the example app from environment variables, all of them optional, except that storage
 * which outlives the app needs secrets which do: `PORT`,
 * `APP_URL`, `SESSION_SECRET`, `TOKEN_SECRET`, `REDIS_URL`, `DATABASE_URL`,
 * `ASKARA_CLIENT_ID`, `ASKARA_CLIENT_SECRET`, `JIKO_CLIENT_ID`, `JIKO_PRIVATE_KEY` (PEM, or the path of a file),
 * `JIKO_KEY_ID`, `JIKO_API_URL`.
 *
 * @throws {Error} naming the variable that is missing beside another, or cannot be used
 */
export function readEnvironment(variables: Environment): ExampleAppOptions {
  const environment = withoutEmpty(variables)
  checkSecrets(environment)
  return {
    ports: readPorts(environment['PORT']),
    publicURL: environment['APP_URL'],
    sessionSecret: environment['SESSION_SECRET'],
    tokenSecret: environment['TOKEN_SECRET'],
    redisURL: environment['REDIS_URL'],
    databaseURL: environment['DATABASE_URL'],
    askara: readAskara(environment),
    jiko: readJiko(environment),
  }
}

/**
 * Reads how many processes a cluster has, from `WORKERS`.
 *
 * @throws {Error} when that is no number from 1 to 64
 */
export function readWorkerCount(variables: Environment): number {
  const count = Number(withoutEmpty(variables)['WORKERS'] ?? DEFAULT_WORKERS)
  if (!Number.isInteger(count) || count < 1 || count > MAX_WORKERS) {
    throw new Error(`WORKERS must be a number from 1 to ${MAX_WORKERS}`)
  }
  return count
}

/** `NAME=` in a shell or in a file of settings means that there is none. */
function withoutEmpty(variables: Environment): Environment {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
}

/** With secrets made up anew at each start, nobody could open what an earlier start has stored. */
function checkSecrets(environment: Environment): void {
  if (environment['REDIS_URL'] !== undefined && environment['SESSION_SECRET'] === undefined) {
    throw new Error(`REDIS_URL is set, SESSION_SECRET is missing. ${HOW_TO_MAKE_A_SECRET}`)
  }
  const hasTokenSecret = environment['TOKEN_SECRET'] ?? environment['SESSION_SECRET']
  if (environment['DATABASE_URL'] !== undefined && hasTokenSecret === undefined) {
    throw new Error(
      `DATABASE_URL is set, TOKEN_SECRET and SESSION_SECRET are missing: set one of them. ${HOW_TO_MAKE_A_SECRET}`,
    )
  }
}

function readPorts(value: string | undefined): readonly number[] {
  if (value === undefined)
    return Array.from({ length: MORE_PORTS }, (_, index) => DEFAULT_PORT + index)
  const port = Number(value)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error('PORT must be a number from 0 to 65535')
  }
  return [port]
}

function readAskara(environment: Environment): ExampleAppOptions['askara'] {
  const clientID = environment['ASKARA_CLIENT_ID']
  const clientSecret = environment['ASKARA_CLIENT_SECRET']
  if (!clientID && !clientSecret) return undefined
  if (!clientID) throw new Error('ASKARA_CLIENT_SECRET is set, ASKARA_CLIENT_ID is missing')
  if (!clientSecret) throw new Error('ASKARA_CLIENT_ID is set, ASKARA_CLIENT_SECRET is missing')
  return { clientID, clientSecret }
}

function readJiko(environment: Environment): ExampleAppOptions['jiko'] {
  const clientID = environment['JIKO_CLIENT_ID']
  const privateKey = environment['JIKO_PRIVATE_KEY']
  if (!clientID && !privateKey) return undefined
  if (!clientID) throw new Error('JIKO_PRIVATE_KEY is set, JIKO_CLIENT_ID is missing')
  if (!privateKey) throw new Error('JIKO_CLIENT_ID is set, JIKO_PRIVATE_KEY is missing')
  return {
    clientID,
    privateKey: readPrivateKey(privateKey),
    keyId: environment['JIKO_KEY_ID'],
    apiURL: environment['JIKO_API_URL'],
  }
}

function readPrivateKey(value: string): string {
  // Where an environment variable cannot hold line breaks, people write them as \n.
  if (value.includes('-----BEGIN')) return value.replaceAll('\\n', '\n')
  try {
    return readFileSync(value, 'utf8')
  } catch {
    // The value stays out of the message: it may be a key that lost its first line.
    throw new Error('JIKO_PRIVATE_KEY is neither a key in PEM nor the path of a readable file')
  }
}

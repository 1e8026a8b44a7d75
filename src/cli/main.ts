import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { JSONWebKeySet } from 'jose'
import { examine } from './doctor.js'
import type { Finding } from './finding.js'
import { helpOn } from './help.js'
import { generateClientKey, isForDecryption, KEYGEN_ALGORITHMS } from './keygen.js'
import { partsOfSecret, passwordsIn, printable } from './printable.js'
import { SETTINGS } from './settings.js'
import { importApplication, loadOptions } from './setup.js'
import { postgresScript, readSchema } from '../grants/postgres-schema.js'

/** What a command uses of the process. Tests pass their own. */
export interface CommandLine {
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The package's own `package.json`. */
  readonly packageFile: URL
  /** Writes a line of the command's result to stdout, so that it can be piped into a file. */
  readonly print: (line: string) => void
  /** Writes a line for the person to stderr, such as an error or a hint. */
  readonly say: (line: string) => void
}

/**
 * Runs a command of the command line. Never throws: an error is printed.
 *
 * @param args the arguments after the name of the program
 * @returns the exit code: 0; 1 if a check has failed or a file cannot be written; 2 if the command or an argument is not valid
 */
export async function main(args: readonly string[], line: CommandLine): Promise<number> {
  const [command, ...rest] = args
  try {
    if (command === 'help' || args.includes('--help')) {
      return help(command === 'help' ? rest : args, line)
    }
    if (command === undefined) {
      help([], line)
      return 2
    }
    if (command === 'keygen') return await keygen(rest, line)
    if (command === 'sql') return sql(rest, line)
    if (command === 'doctor') return await doctor(rest, line)
    if (command === '--version') {
      line.print(await versionIn(line.packageFile))
      return 0
    }
    return noSuchCommand(command, line)
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    // The built-in message contains the value, which may be a secret that was typed in the wrong place.
    const isStray = code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL'
    line.say(
      isStray
        ? 'Each value needs the name of its argument before it; --help lists them.'
        : printable(message),
    )
    return 2
  }
}

/** @param args the arguments after `help`, or all arguments if one of them is `--help` */
function help(args: readonly string[], line: CommandLine): number {
  const topic = args.find((arg) => !arg.startsWith('-'))
  const text = helpOn(topic)
  if (text === undefined) return noSuchCommand(topic ?? '', line)
  line.print(text)
  return 0
}

function noSuchCommand(command: string, { say }: CommandLine): number {
  // What looks like no command may be a value that was typed in the wrong place.
  const named = /^[a-z]{1,12}$/.test(command) ? `command '${command}'` : 'such command'
  say(`There is no ${named}.\n\n${helpOn() ?? ''}`)
  return 2
}

async function versionIn(packageFile: URL): Promise<string> {
  const text = await readFile(packageFile, 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

/** Runs `keygen`: the public key goes to stdout, and what to do with it to stderr. */
async function keygen(args: readonly string[], { print, say }: CommandLine): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      alg: { type: 'string', default: 'PS256' },
      out: { type: 'string', default: 'private-key.pem' },
      kid: { type: 'string' },
    },
  })
  const alg = KEYGEN_ALGORITHMS.find((one) => one === values.alg)
  if (alg === undefined) throw new Error(`--alg must be one of ${KEYGEN_ALGORITHMS.join(', ')}.`)
  let keys: JSONWebKeySet
  try {
    keys = await generateClientKey(values.out, alg, values.kid)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    say(
      printable(
        code === 'EEXIST' ? `${values.out} exists already, and is not overwritten.` : message,
      ),
    )
    return 1
  }
  print(JSON.stringify(keys, null, 2))
  const kid = printable(keys.keys[0]?.kid ?? '')
  const algorithm = alg === 'PS256' ? '' : ` and clientAssertionAlgorithm '${alg}'`
  const use = isForDecryption(alg)
    ? `in the option decryptionKeys: { key, kid: '${kid}' }.`
    : `as the option privateKey, with keyId '${kid}'${algorithm}.`
  say(
    `The private key is in ${printable(values.out)}. Keep it secret. Use it ${use}\nRegister the public key above with the provider.`,
  )
  return 0
}

/** Runs `sql`: the statements go to stdout, so that they can be written into a migration. */
function sql(args: readonly string[], { print }: CommandLine): number {
  const { values } = parseArgs({ args: [...args], options: { schema: { type: 'string' } } })
  const { schema } = values
  print(postgresScript(schema === undefined ? undefined : readSchema(schema, '--schema')))
  return 0
}

/** Runs `doctor`. An argument takes precedence over the environment variable of the same name. */
async function doctor(args: readonly string[], { env, print }: CommandLine): Promise<number> {
  const flags = SETTINGS.flatMap(({ argument }) =>
    argument === undefined ? [] : [[argument, { type: 'string' }] as const],
  )
  const { values } = parseArgs({
    args: [...args],
    options: { ...Object.fromEntries(flags), json: { type: 'boolean', default: false } },
  })
  const given: Readonly<Record<string, unknown>> = values
  const source: Readonly<Record<string, string | undefined>> = {
    // An empty variable counts as not set, as in `.env` files.
    ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')),
    ...Object.fromEntries(
      SETTINGS.flatMap(({ variable, argument = '' }) => {
        const value = given[argument]
        return typeof value === 'string' ? [[variable, value]] : []
      }),
    ),
  }
  const { APP: app, APP_URL: origin, LOGIN_PATH: loginPath } = source
  checkOrigin(origin)
  const findings = await examine({
    loadOptions: () => loadOptions(source),
    application: origin === undefined ? undefined : { origin, loginPath },
    loadApplication: app === undefined ? undefined : () => importApplication(app),
    loginPath,
    processes: Number(source['WEB_CONCURRENCY'] ?? 1),
    redis: { url: source['REDIS_URL'], prefix: source['REDIS_PREFIX'] },
    postgres: { url: source['DATABASE_URL'], schema: source['DATABASE_SCHEMA'] },
    grantSecret: source['GRANT_SECRET'],
    // What can be an argument is an address or a name. An address may have a password.
    secrets: SETTINGS.flatMap(({ variable, argument }) =>
      (argument === undefined ? partsOfSecret : passwordsIn)(source[variable] ?? ''),
    ),
  })
  const hasPassed = findings.every(({ status }) => status !== 'failed')
  if (values.json) print(JSON.stringify({ ok: hasPassed, findings }, null, 2))
  else for (const finding of findings) print(lineOf(finding))
  return hasPassed ? 0 : 1
}

/** @throws {Error} if APP_URL is not the address of an application */
function checkOrigin(origin: string | undefined): void {
  if (origin === undefined) return
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin)) {
    throw new Error('APP_URL must be a URL that begins with https:// or http://.')
  }
}

/** A finding as one line, or as two if there is something to do. */
function lineOf({ check, status, seen, cure }: Finding): string {
  const line = `${status.padEnd(8)} ${check}: ${seen}`
  return cure === undefined ? line : `${line}\n         ${cure}`
}

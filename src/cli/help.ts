import { KEYGEN_ALGORITHMS } from './keygen.js'
import { SETTINGS } from './settings.js'

const PROGRAM = 'npx passport-authorization-code'

/** The commands, each with a line for the overview and its complete help. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly details: string }>> = {
  keygen: {
    summary: 'Makes a private key for private_key_jwt, or for what the provider encrypts.',
    details: `Usage: ${PROGRAM} keygen [--alg ${KEYGEN_ALGORITHMS.join('|')}] [--out file] [--kid name]

Makes a private key for private_key_jwt (PS256, ES256, EdDSA) or for decryptionKeys (RSA-OAEP-256, ECDH-ES), writes it into a new file, and prints the public key for the provider.

${columns([
  ['--alg', `the algorithm: ${KEYGEN_ALGORITHMS.join(', ')} (PS256 if left out)`],
  ['--out', 'the file, which must not exist yet (private-key.pem if left out)'],
  ['--kid', 'the name of the key at the provider (its thumbprint if left out)'],
])}`,
  },
  sql: {
    summary: 'Prints the tables of PostgresGrants, for a migration.',
    details: `Usage: ${PROGRAM} sql [--schema name]

Prints the SQL statements that create the tables of PostgresGrants, for an application with migrations. They can be repeated. Without migrations, call await grants.setUp() at start instead.

${columns([['--schema', 'the value of the option schema (the first one of the search_path if left out)']])}`,
  },
  doctor: {
    summary: 'Checks a set-up, and says how to correct what is wrong.',
    details: `Usage: ${PROGRAM} doctor [--config auth-options.mjs] [--json]

Checks a set-up, and says how to correct what is wrong. The exit code is 1 if a check has failed.
Set PROVIDER or ISSUER, and the credentials of your client; or use --config. Without APP_URL, REDIS_URL and DATABASE_URL, the application, Redis and PostgreSQL are not checked.

${columns([
  ...SETTINGS.flatMap(({ variable, argument, help }): [string, string][] =>
    help === undefined
      ? []
      : [[argument === undefined ? variable : `${variable}, --${argument}`, help]],
  ),
  ['--json', 'prints the findings as JSON'],
])}

Every other option of the strategy that is no function is taken in the same way, such as TIMEOUT_MS, --timeout-ms for timeoutMs; lists and objects as JSON.
Values that may contain a secret are read from the environment only.`,
  },
}

/** The help text for a command, or the list of commands if none is named. `undefined` if there is no such command. */
export function helpOn(command?: string): string | undefined {
  if (command !== undefined) {
    return Object.hasOwn(COMMANDS, command) ? COMMANDS[command]?.details : undefined
  }
  const commands = Object.entries(COMMANDS).map(([name, { summary }]): [string, string] => [
    name,
    summary,
  ])
  return `Usage: ${PROGRAM} <command>

${columns([
  ...commands,
  ['help <command>', 'Prints the help for a command, as does --help after it.'],
  ['--version', 'Prints the version of this package.'],
])}`
}

/** Lines of two columns, the second one aligned. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`).join('\n')
}

import type { TokenRequest } from './authorization-server.js'
import type { ExampleAppOptions } from './options.js'
import type { ExampleApp } from './server.js'

/** What to tell whoever started the app: where it is, what it runs on, and how to change that. */
export function describeApp(
  { url, flowURL }: Pick<ExampleApp, 'flowURL' | 'url'>,
  { askara, databaseURL, jiko, redisURL, sessionSecret }: ExampleAppOptions,
  workers?: number,
): string {
  const provider = (account: object | undefined, variables: string) =>
    account ? 'the real one' : `a local stand-in (${variables} lead to the real one)`
  const lines = [
    `The example app is at ${url}`,
    ...(flowURL === undefined ? [] : [`The flow inspector is at ${flowURL}`]),
    '',
    `Askara     ${provider(askara, 'ASKARA_CLIENT_ID, ASKARA_CLIENT_SECRET')}`,
    `Jiko       ${provider(jiko, 'JIKO_CLIENT_ID, JIKO_PRIVATE_KEY')}`,
    ...(askara && jiko
      ? []
      : [
          'Example ID a local OpenID provider',
          'Notes      a local MCP server, to connect at /servers',
        ]),
    ...(askara === undefined ? [] : [`           register also ${url}/auth/report/callback there`]),
    `Tokens     in ${placeOfTokens(databaseURL, redisURL)}`,
    `Sessions   in ${redisURL === undefined ? 'memory (REDIS_URL moves them to Redis)' : 'Redis'},`,
    sessionSecret === undefined
      ? '           with a random secret, so logins end with this process (SESSION_SECRET sets one)'
      : '           with your SESSION_SECRET',
    ...(workers === undefined ? [] : [`Processes  ${workers} (WORKERS sets how many)`]),
    '',
    'Ctrl+C stops it.',
  ]
  return `\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`
}

function placeOfTokens(databaseURL: string | undefined, redisURL: string | undefined): string {
  if (databaseURL !== undefined) return 'PostgreSQL'
  const where = redisURL === undefined ? 'memory' : 'Redis'
  return `${where} (DATABASE_URL moves them to PostgreSQL)`
}

/** One line for one token request: who asked for what. Nothing of it is secret. */
export function printTokenRequest({ parameters, status, tenant }: TokenRequest): void {
  console.log(`  ${tenant}: token request with ${parameters['grant_type'] ?? 'nothing'}, ${status}`)
}

/** The library's errors hold no secrets; their cause, if any, is the network's or the store's own. */
export function printError(error: unknown): void {
  console.error(error)
}

/** Says why there is no app, and ends the process with a failure once nothing is left to do. */
export function printStartFailure(error: unknown): void {
  console.error(`The example app cannot start: ${reasonOf(error)}`)
  process.exitCode = 1
}

function reasonOf(error: unknown): string {
  // Node.js reports a refused connection to `localhost` as several errors in one that has no message.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

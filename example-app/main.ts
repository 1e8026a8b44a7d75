import { readEnvironment } from './environment.js'
import { startExampleApp, type ExampleApp } from './server.js'

try {
  const app = await startExampleApp({ ...readEnvironment(process.env), onError: logError })
  console.log(describe(app))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close())
} catch (error) {
  console.error(
    `The example app cannot start: ${error instanceof Error ? error.message : String(error)}`,
  )
  process.exitCode = 1
}

function describe({ url, embedded, sessionStore, isSessionSecretRandom }: ExampleApp): string {
  const provider = (isEmbedded: boolean, variables: string) =>
    isEmbedded ? `a local stand-in (${variables} lead to the real one)` : 'the real one'
  const secret = isSessionSecretRandom
    ? 'with a random secret, so logins end with this process (SESSION_SECRET sets one)'
    : 'with your SESSION_SECRET'

  return `
  The example app is at ${url}

  Askara     ${provider(embedded.askara, 'ASKARA_CLIENT_ID, ASKARA_CLIENT_SECRET')}
  Jiko       ${provider(embedded.jiko, 'JIKO_CLIENT_ID, JIKO_PRIVATE_KEY')}
  Sessions   in ${sessionStore === 'redis' ? 'Redis' : 'memory (REDIS_URL moves them to Redis)'},
             ${secret}

  Ctrl+C stops it.
`
}

/** The library's errors hold no secrets; their cause, if any, is the network's or the store's own. */
function logError(error: unknown): void {
  console.error(error)
}

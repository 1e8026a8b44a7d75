import { readEnvironment } from './environment.js'
import { describeApp, printError, printStartFailure, printTokenRequest } from './print.js'
import { startExampleApp } from './server.js'

try {
  const options = readEnvironment(process.env)
  const app = await startExampleApp({
    ...options,
    authorizationServer: { onTokenRequest: printTokenRequest },
    onError: printError,
  })
  console.log(describeApp(app, options))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close())
} catch (error) {
  printStartFailure(error)
}

import process from 'node:process'
import { freePort } from './free-port.js'
import { startProgram } from './started-program.js'

/**
 * Starts an application that reads `PORT` and `APP_URL` and prints `Open …` when it listens.
 *
 * @param file the application, or the whole command that starts it
 * @param provider the test provider that people log in at
 * @param env further variables, such as an `APP_URL` that several processes share
 */
export async function startApp(file, provider, env = {}) {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const { issuer, clientID, clientSecret } = provider.options
  const command = typeof file === 'string' ? [process.execPath, file] : file
  const program = await startProgram(command, 'Open ', {
    env: {
      PORT: `${port}`,
      APP_URL: origin,
      ISSUER: issuer,
      CLIENT_ID: clientID,
      CLIENT_SECRET: clientSecret,
      SESSION_SECRET: 'the secret of the sessions of a test',
      GRANT_SECRET: 'the secret of the grants of a test, long',
      ...env,
    },
  })
  return { ...program, origin }
}

import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.js'
import { startProgram } from '../support/started-program.js'
import { createBrowser } from './browser.js'

const app = fileURLToPath(new URL('apps/connected-app.js', import.meta.url))

/**
 * Starts the application.
 *
 * @param port that of an earlier one, to restart it
 * @param env added to its environment, such as an `APP_URL` that several processes share
 */
export async function startConnectedApp({ redis, server, port, env = {} }) {
  const ownPort = port ?? (await freePort())
  const origin = `http://127.0.0.1:${ownPort}`
  const { close } = await startProgram([process.execPath, app], 'Open ', {
    env: {
      APP_URL: origin,
      PORT: `${ownPort}`,
      REDIS_URL: redis.url,
      SERVER_ADDRESS: server.address,
      ...env,
    },
  })
  return {
    origin,
    port: ownPort,
    close,

    /** The browser of a person who has logged in to the application. */
    async browserOf(account) {
      const browser = createBrowser()
      await browser.visit(`${origin}/log-in/${account}`)
      return browser
    },

    /** What a job for a person brings. */
    async job(account, tool, times = 1) {
      const answer = await fetch(`${origin}/jobs/${account}/${tool}?times=${times}`)
      return answer.json()
    },
  }
}

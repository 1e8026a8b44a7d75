import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const runtime = fileURLToPath(new URL('apps/lambda-runtime.js', import.meta.url))

/**
 * Starts a function as AWS Lambda does: its process runs while it answers an event, and is frozen from the moment of the
 * answer until the next one comes.
 */
export async function startLambda(env) {
  const child = fork(runtime, { env: { ...process.env, ...env } })
  const exited = once(child, 'exit')
  const answered = async (stayAwake) => {
    const [answer] = await once(child, 'message')
    await stayAwake?.()
    child.kill('SIGSTOP')
    return answer
  }
  await Promise.race([answered(), exited.then(() => Promise.reject(new Error('It has ended')))])

  const send = (message, stayAwake) => {
    const answer = answered(stayAwake)
    child.kill('SIGCONT')
    child.send(message)
    return answer
  }
  return {
    /** Lets the clock of the process go forward, and nothing else. */
    advance: (advanceMs) => send({ advanceMs }),
    /** @param stayAwake resolves when the process may be frozen */
    invoke: (event, stayAwake) => send({ event }, stayAwake),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async close() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** A browser that visits a function through API Gateway. It keeps cookies. */
export function lambdaBrowser(lambda, host) {
  const kept = new Map()
  const eventOf = ({ pathname, search }) => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: { host },
    cookies: [...kept].map((pair) => pair.join('=')),
    requestContext: { http: { method: 'GET', path: pathname, sourceIp: '127.0.0.1' } },
    isBase64Encoded: false,
  })
  return {
    async get(path, stayAwake) {
      const url = new URL(path, `https://${host}`)
      const {
        statusCode,
        headers,
        cookies = [],
        body,
      } = await lambda.invoke(eventOf(url), stayAwake)
      for (const line of cookies) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
        kept.set(name, value)
      }
      return { status: statusCode, headers, text: body }
    },
  }
}

import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, MockAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { TransportError, createTransport } from '../../src/client/transport.js'
import { expectNoneOf } from '../support/errors.js'
import { startTcpServer } from '../support/tcp-server.js'

const SECRETS = [
  'refresh-token-of-ada',
  'verifier of ada',
  'basic-credentials',
  'access-token-of-ada',
  'SplxlOBeZQQYbYS6WxSbIA',
  'RECEIVED-ACCESS-TOKEN',
]
/** What the provider has answered, which no request has. */
const RECEIVED = 'RECEIVED-ACCESS-TOKEN'
const headers = { authorization: 'Basic basic-credentials' }
const body =
  'code=SplxlOBeZQQYbYS6WxSbIA&refresh_token=refresh-token-of-ada&code_verifier=verifier+of+ada'
/** Closed after each test, however it ends. */
const running: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of running.splice(0)) await one.close()
})

/** What a request fails with, by `send` and by `fetch`. */
async function failures(dispatcher: Dispatcher, url: string): Promise<readonly TransportError[]> {
  const options = { timeoutMs: 10_000, responseLimitBytes: 1000, maximumConnections: 32 }
  const transport = createTransport({ ...options, dispatcher })
  const results = await Promise.allSettled([
    transport.send({ method: 'POST', url, headers, body }),
    transport.fetch(url, { method: 'POST', headers, body }),
  ])
  const errors = results.map((one) => (one.status === 'rejected' ? (one.reason as unknown) : one))
  expect(errors).toEqual([expect.any(TransportError), expect.any(TransportError)])
  return errors as TransportError[]
}

function ownAgent(): Agent {
  const agent = new Agent()
  running.push({ close: () => agent.destroy() })
  return agent
}

const URL_OF_TOKENS = 'https://provider.example/token'

describe('what a dispatcher throws', () => {
  it('is not passed on by a MockAgent, which quotes the request', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    running.push(agent)
    agent
      .get('https://provider.example')
      .intercept({ path: '/token', method: 'POST', body: 'other' })

    for (const error of await failures(agent, URL_OF_TOKENS)) expectNoneOf(SECRETS, error)
  })

  it.each<[string, (options: Dispatcher.DispatchOptions) => unknown]>([
    ['the body in its message', (options) => new Error(`failed: ${options.body as string}`)],
    ['the request as a field', (options) => Object.assign(new Error('failed'), { options })],
    ['the request as its cause', (options) => new Error('failed', { cause: options })],
    ['the body in its name', ({ body: text }) => Object.assign(new Error(), { name: text })],
    ['the body as its code', ({ body: text }) => Object.assign(new Error(), { code: text })],
    [
      'the code of the network and the decoded request in its message',
      () => Object.assign(new Error('for "verifier of ada"'), { code: 'ECONNRESET' }),
    ],
    [
      'the code of the network and the answer as a field',
      () => {
        const answer = { body: '{"access_token":"access-token-of-ada"}' }
        return Object.assign(new Error('Response Error'), { code: 'UND_ERR_RESPONSE', ...answer })
      },
    ],
    [
      'each parameter as a field',
      ({ body: text }) =>
        Object.assign(
          new Error('refused'),
          Object.fromEntries(new URLSearchParams(text as string)),
        ),
    ],
    [
      'a parameter as its name',
      () => Object.assign(new Error(), { name: 'SplxlOBeZQQYbYS6WxSbIA' }),
    ],
    ...['ERR_BAD_RESPONSE', 'EBADMSG', 'ECONNRESET', 'ENOTFOUND', 'TypeError'].map(
      (code): [string, () => unknown] => [
        `the answer in its message, and the code ${code}`,
        () => Object.assign(new Error(`not JSON: {"access_token":"${RECEIVED}"`), { code }),
      ],
    ),
    [
      'the answer in one of several errors',
      () => Object.assign(new AggregateError([new Error(RECEIVED)]), { code: 'EBADMSG' }),
    ],
    [
      'the answer as each fact of the system',
      () =>
        Object.assign(new Error('failed'), {
          ...{ code: 'ENOTFOUND', errno: RECEIVED, syscall: RECEIVED, hostname: RECEIVED },
          ...{ address: RECEIVED, port: RECEIVED },
        }),
    ],
    ['nothing but the body', (options) => options.body],
    ['nothing at all', () => undefined],
  ])('is passed on without it when it has %s', async (_, make) => {
    const throwing = ownAgent().compose(() => (options) => {
      throw make(options)
    })
    for (const error of await failures(throwing, URL_OF_TOKENS)) expectNoneOf(SECRETS, error)

    const reporting = ownAgent().compose(() => (options, handler) => {
      handler.onResponseError?.({} as Dispatcher.DispatchController, make(options) as Error)
      return true
    })
    for (const error of await failures(reporting, URL_OF_TOKENS)) expectNoneOf(SECRETS, error)
  })

  it('keeps where it comes from, so that a faulty interceptor can be found', async () => {
    const faulty = ownAgent().compose(
      () =>
        function faultyInterceptor(): boolean {
          throw new TypeError('x is not a function')
        },
    )
    const [error] = await failures(faulty, URL_OF_TOKENS)
    expect(error).toMatchObject({ networkCode: 'TypeError', cause: { code: 'TypeError' } })
    expect((error?.cause as Error).stack).toContain('faultyInterceptor')
  })
})

describe('a failure of the network', () => {
  it('keeps its code, its message and the place', async () => {
    const server = await startTcpServer()
    await server.close()
    for (const error of await failures(ownAgent(), `${server.origin}/token`)) {
      const port = Number(new URL(server.origin).port)
      expect(error).toMatchObject({
        networkCode: 'ECONNREFUSED',
        cause: {
          code: 'ECONNREFUSED',
          syscall: 'connect',
          address: '127.0.0.1',
          port,
          message: `connect ECONNREFUSED 127.0.0.1:${port}`,
        },
      })
    }
  })

  it.each([
    ['the host of the request', 'provider.example', 'getaddrinfo ENOTFOUND provider.example'],
    ['a proxy', 'proxy.corp.example', 'getaddrinfo ENOTFOUND proxy.corp.example'],
    ['what may be no host', 'proxy', 'getaddrinfo ENOTFOUND'],
  ])('names the host that was not found: %s', async (_what, hostname, message) => {
    const facts = { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname }
    const throwing = ownAgent().compose(() => () => {
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), facts)
    })
    for (const error of await failures(throwing, URL_OF_TOKENS)) {
      expect((error.cause as Error).message).toBe(message)
    }
  })

  it('says of a host with several addresses what has failed at each', async () => {
    const at = (address: string): Error =>
      Object.assign(new Error(), { code: 'ECONNREFUSED', syscall: 'connect', address, port: 443 })
    const both = [at('192.0.2.1'), at('2001:db8::1')]
    const throwing = ownAgent().compose(() => () => {
      throw Object.assign(new AggregateError(both), { code: 'ECONNREFUSED' })
    })
    for (const { cause } of await failures(throwing, URL_OF_TOKENS)) {
      expect((cause as Error).message).toContain('connect ECONNREFUSED 192.0.2.1:443')
      expect((cause as Error).message).toContain('connect ECONNREFUSED 2001:db8::1:443')
    }
  })

  it('does not have the bytes that could not be parsed', async () => {
    const server = await startTcpServer()
    running.push(server)
    server.onRequest = (request) => request.send('no HTTP: access-token-of-ada')
    for (const error of await failures(ownAgent(), `${server.origin}/token`)) {
      expect(error.networkCode).toBe('HTTPParserError')
      expectNoneOf(SECRETS, error)
    }
  })
})

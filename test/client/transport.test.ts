import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Agent, MockAgent, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { TransportError, createTransport } from '../../src/client/transport.js'
import type { OutgoingRequest, Transport } from '../../src/client/transport.js'
import type { Clock } from '../../src/lib/clock.js'
import { stop } from '../support/http.js'
import { createManualClock } from '../support/manual-clock.js'
import { startTcpServer } from '../support/tcp-server.js'
import type { TcpServer } from '../support/tcp-server.js'
import { until } from '../support/until.js'

let server: TcpServer
/** Closed after each test, however it ends. */
const running: { close(): Promise<void> }[] = []

beforeEach(async () => {
  server = await startTcpServer()
})
afterEach(async () => {
  await server.close()
  for (const one of running.splice(0)) await one.close()
})

interface Given {
  readonly timeoutMs?: number
  readonly maximumConnections?: number
  readonly dispatcher?: Dispatcher
  readonly clock?: Clock
}

function transportWith({ clock, ...options }: Given = {}): Transport {
  const given = { timeoutMs: 10_000, responseLimitBytes: 1_048_576, maximumConnections: 32 }
  return createTransport({ ...given, ...options }, clock)
}

function ownAgent(options: Agent.Options = {}): Agent {
  const agent = new Agent(options)
  running.push({ close: () => agent.destroy() })
  return agent
}

function post(path: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return { method: 'POST', url: server.origin + path, headers: {}, body: 'a=1', ...more }
}

/** What a promise rejects with; fails if it resolves. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`It resolved to ${JSON.stringify(value)}`)
    },
    (error: unknown) => error,
  )
}

class Refused extends Error {}

function refuse(refusal: Error): () => void {
  return () => {
    throw refusal
  }
}

describe('beforeWrite', () => {
  it('is called once, before a byte has arrived', async () => {
    const seen: string[] = []
    const sent = transportWith().send(
      post('/a', { beforeWrite: () => seen.push(server.received()) }),
    )
    ;(await server.request(0)).answer('{}')

    expect((await sent).text).toBe('{}')
    expect(seen).toEqual([''])
  })

  it('stops the request by throwing: nothing is written, and send rejects with exactly that', async () => {
    const refusal = new Refused('too late')
    const transport = transportWith({ dispatcher: ownAgent({ connections: 1 }) })

    expect(await rejection(transport.send(post('/a', { beforeWrite: refuse(refusal) })))).toBe(
      refusal,
    )

    const next = transport.send(post('/b'))
    ;(await server.request(0)).answer('next')
    expect((await next).text).toBe('next')
    // It was the first to arrive, and the connection is the one that was ready for the other.
    expect(server.requests.map(({ text }) => text.slice(0, 7))).toEqual(['POST /b'])
    expect(server.received()).not.toContain('/a')
    expect(server.connections()).toBe(1)
  })

  it('is not called while the request waits for a connection, and can still stop it then', async () => {
    const refusal = new Refused('too late')
    let calls = 0
    const transport = transportWith({ dispatcher: ownAgent({ connections: 1, pipelining: 1 }) })
    const first = transport.send(post('/first'))
    const request = await server.request(0)
    const beforeWrite = (): void => {
      calls += 1
      throw refusal
    }
    const second = rejection(transport.send(post('/second', { beforeWrite })))
    const third = transport.send(post('/third'))
    expect(calls).toBe(0)

    request.answer('first')
    expect((await first).text).toBe('first')
    expect(await second).toBe(refusal)
    ;(await server.request(1)).answer('third')
    expect((await third).text).toBe('third')
    expect(calls).toBe(1)
    expect(server.received()).not.toContain('/second')
  })

  it('works through a proxy', async () => {
    const tunnels = createServer().on('connect', (_request, near) => {
      const far = connect(Number(new URL(server.origin).port), '127.0.0.1', () => {
        near.write('HTTP/1.1 200 OK\r\n\r\n')
        far.pipe(near).pipe(far)
      })
      far.on('error', () => near.destroy())
      near.on('error', () => far.destroy())
    })
    await new Promise<void>((resolve) => tunnels.listen(0, '127.0.0.1', resolve))
    const { port } = tunnels.address() as AddressInfo
    const proxy = new ProxyAgent({ uri: `http://127.0.0.1:${port}`, proxyTunnel: true })
    running.push({ close: () => proxy.destroy() }, { close: () => stop(tunnels) })
    const transport = transportWith({ dispatcher: proxy })
    const refusal = new Refused('too late')

    expect(await rejection(transport.send(post('/a', { beforeWrite: refuse(refusal) })))).toBe(
      refusal,
    )
    expect(server.received()).toBe('')

    let calls = 0
    const sent = transport.send(post('/b', { beforeWrite: () => (calls += 1) }))
    ;(await server.request(0)).answer('b')
    expect((await sent).text).toBe('b')
    expect(calls).toBe(1)
  })

  it('works with a MockAgent that answers after a while', async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    running.push(agent)
    const pool = agent.get('https://provider.example')
    pool.intercept({ path: '/token', method: 'POST' }).reply(200, 'mocked').delay(5).times(2)
    const transport = transportWith({ dispatcher: agent })
    const refusal = new Refused('too late')
    const url = 'https://provider.example/token'

    expect(await rejection(transport.send(post('', { url, beforeWrite: refuse(refusal) })))).toBe(
      refusal,
    )
    let calls = 0
    const answer = await transport.send(post('', { url, beforeWrite: () => (calls += 1) }))
    expect(answer.text).toBe('mocked')
    expect(calls).toBe(1)
  })
})

/** Keeps the event loop from doing anything else. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('a process that is busy for longer than the time limit', () => {
  const body = JSON.stringify({ access_token: 'x'.repeat(100_000) })

  it('still gets the answer that lies in the socket, by send', async () => {
    server.onRequest = (request) => {
      request.answer(body)
      block(400)
    }
    const transport = transportWith({ timeoutMs: 200 })
    expect((await transport.send(post('/token'))).text).toBe(body)
  })

  it('still gets the answer that lies in the socket, by fetch', async () => {
    server.onRequest = (request) => {
      request.answer(body)
      block(400)
    }
    const answer = await transportWith({ timeoutMs: 200 }).fetch(`${server.origin}/me`)
    expect(await answer.text()).toBe(body)
  })
})

describe('the time limit', () => {
  it('of a request may be longer than the transport’s', async () => {
    const clock = createManualClock()
    const sent = transportWith({ clock }).send(post('/token', { timeoutMs: 300_000 }))
    const request = await server.request(0)
    clock.advance(299_999)
    request.answer('late')
    expect((await sent).text).toBe('late')
  })

  it.each([
    [300_000, 300_000],
    [undefined, 10_000],
    [3_000, 3_000],
  ])('of a request, %s ms, ends it after %s ms', async (timeoutMs, limitMs) => {
    const clock = createManualClock()
    const sent = transportWith({ clock }).send(post('/token', { timeoutMs }))
    let settled = false
    const error = rejection(sent).finally(() => (settled = true))
    await server.request(0)
    clock.advance(limitMs - 1)
    await new Promise(setImmediate)
    expect(settled).toBe(false)
    clock.advance(1)
    expect(await error).toMatchObject({
      networkCode: 'timeout',
      message: `No complete answer within ${limitMs} ms`,
    })
  })

  it('for a connection stays the transport’s, and nothing is written when it comes later', async () => {
    const clock = createManualClock()
    let connected: (() => void) | undefined
    const dispatcher = ownAgent({
      connections: 1,
      connect: ({ port }, callback) => {
        const socket = connect(Number(port), '127.0.0.1')
        connected = () => callback(null, socket)
      },
    })
    const transport = transportWith({ clock, dispatcher })
    const error = rejection(transport.send(post('/a', { timeoutMs: 300_000 })))
    await until(() => connected !== undefined)
    clock.advance(10_000)
    expect(await error).toMatchObject({
      networkCode: 'timeout',
      message: 'No connection within 10000 ms',
    })

    const next = transport.send(post('/b'))
    connected?.()
    ;(await server.request(0)).answer('b')
    expect((await next).text).toBe('b')
    expect(server.received()).not.toContain('/a')
  })

  it('is the only one: undici’s own are off', async () => {
    const limits: unknown[] = []
    const dispatcher = ownAgent({ headersTimeout: 1, bodyTimeout: 1 }).compose(
      (dispatch) => (options, handler) => {
        const { headersTimeout, bodyTimeout } = options
        limits.push({ headersTimeout, bodyTimeout })
        return dispatch(options, handler)
      },
    )
    const sent = transportWith({ dispatcher }).send(post('/a'))
    ;(await server.request(0)).answer('a')
    await sent
    expect(limits).toEqual([{ headersTimeout: 0, bodyTimeout: 0 }])
  })

  it('of fetch covers the body', async () => {
    const clock = createManualClock()
    server.onRequest = () => undefined
    const fetched = transportWith({ clock }).fetch(`${server.origin}/me`)
    await server.request(0)
    clock.advance(10_000)
    const error = await rejection(fetched)
    expect(error).toBeInstanceOf(TransportError)
    expect(error).toMatchObject({ networkCode: 'timeout' })
  })
})

describe('the connections', () => {
  it('are at most maximumConnections, and further requests wait, urgent ones first', async () => {
    const transport = transportWith({ maximumConnections: 2, dispatcher: ownAgent() })
    const paths = ['/1', '/2', '/slow', '/urgent']
    const sent = paths.map((path) => transport.send(post(path, { urgent: path !== '/slow' })))
    await server.request(1)
    await new Promise(setImmediate)
    expect(server.requests).toHaveLength(2)

    for (const index of paths.keys()) (await server.request(index)).answer(`${index}`)
    await Promise.all(sent)
    const order = server.requests.map(({ text }) => text.split(' ')[1])
    expect([order.slice(0, 2).sort(), order[2], order[3]]).toEqual([
      ['/1', '/2'],
      '/urgent',
      '/slow',
    ])
    expect(server.connections()).toBe(2)
  })

  it('are at most twice as many for all transports of the process without a dispatcher', async () => {
    const transports = [1, 2, 3].map(() => transportWith({ maximumConnections: 2 }))
    const sent = transports.flatMap((one) => [one.send(post('/a')), one.send(post('/b'))])
    for (const index of sent.keys()) (await server.request(index)).answer('{}')
    await Promise.all(sent)
    expect(server.connections()).toBe(4)
  })

  it('do not limit fetch', async () => {
    const transport = transportWith({ maximumConnections: 1 })
    const sent = transport.send(post('/token'))
    const token = await server.request(0)
    const fetched = ['/x', '/y'].map((path) => transport.fetch(server.origin + path))
    for (const index of [1, 2]) (await server.request(index)).answer('api')
    expect(await Promise.all((await Promise.all(fetched)).map((one) => one.text()))).toEqual([
      'api',
      'api',
    ])
    token.answer('{}')
    await sent
  })

  it('are not waited for by a request that brings one, which stays its caller’s', async () => {
    const transport = transportWith({ maximumConnections: 1, dispatcher: ownAgent() })
    const connection = await transport.connections.acquire(false)
    for (const index of [0, 1]) {
      const sent = transport.send(post('/refresh', { connection }))
      ;(await server.request(index)).answer('{}')
      await sent
    }
    const other = transport.send(post('/other'))
    await new Promise(setImmediate)
    expect(server.requests).toHaveLength(2)
    connection.release()
    ;(await server.request(2)).answer('{}')
    await other
  })

  it('are waited for no longer than timeoutMs, which does not count as the provider’s time', async () => {
    const clock = createManualClock()
    const transport = transportWith({ maximumConnections: 1, clock, dispatcher: ownAgent() })
    const held = await transport.connections.acquire(false)
    const error = rejection(transport.send(post('/late')))
    clock.advance(10_000)
    expect(await error).toMatchObject({
      networkCode: 'timeout',
      message: expect.stringMatching(/^All 1 connections .* are in use .*10000 ms$/),
    })
    expect(server.received()).toBe('')

    const sent = transport.send(post('/patient'))
    clock.advance(9_999)
    held.release()
    const request = await server.request(0)
    clock.advance(9_999)
    request.answer('ok')
    expect((await sent).text).toBe('ok')
  })

  it('are given back by requests that fail', async () => {
    const transport = transportWith({ maximumConnections: 1, dispatcher: ownAgent() })
    const refusal = new Refused()
    for (let time = 0; time < 3; time++)
      expect(await rejection(transport.send(post('/a', { beforeWrite: refuse(refusal) })))).toBe(
        refusal,
      )
    const url = 'http://provider.example/'
    await rejection(transport.send(post('', { url })))
    const sent = transport.send(post('/b'))
    ;(await server.request(0)).answer('b')
    expect((await sent).text).toBe('b')
  })
})

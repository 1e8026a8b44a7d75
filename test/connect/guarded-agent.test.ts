import type { LookupAddress } from 'node:dns'
import net from 'node:net'
import type { LookupFunction, TcpSocketConnectOpts } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { Dispatcher } from 'undici'
import { createTransport } from '../../src/client/transport.js'
import type { Transport } from '../../src/client/transport.js'
import { createGuardedAgent } from '../../src/connect/guarded-agent.js'
import { startTcpServer } from '../support/tcp-server.js'
import type { TcpServer } from '../support/tcp-server.js'
import { until } from '../support/until.js'

/** Addresses on the internet. */
const PUBLIC = ['93.184.215.14', '2606:2800:21f:cb07:6820:80da:af6b:8b2c'] as const

/** Runs on loopback, where no connection may ever be made to. */
let server: TcpServer
let port: string
/** To which addresses connections were made. */
let connected: string[]
const agents: Dispatcher[] = []

const realConnect = net.connect

beforeEach(async () => {
  server = await startTcpServer()
  server.onRequest = (request) => request.answer('the answer')
  port = new URL(server.origin).port
  connected = []
  jest
    .spyOn(net, 'connect')
    .mockImplementation(((options: TcpSocketConnectOpts) =>
      throughTheInternet(options)) as typeof net.connect)
})
afterEach(async () => {
  jest.restoreAllMocks()
  for (const agent of agents.splice(0)) await agent.destroy()
  await server.close()
})

/** Connects as Node.js does, but the public addresses lead to the server. */
function throughTheInternet(options: TcpSocketConnectOpts): net.Socket {
  const { lookup } = options
  const isPublic = (address: string): boolean => (PUBLIC as readonly string[]).includes(address)
  const route = (address: string): string => {
    connected.push(address)
    return isPublic(address) ? '127.0.0.1' : address
  }
  const routed: LookupFunction = (hostname, how, callback) =>
    lookup?.(hostname, how, (error, found, family) => {
      if (error !== null) callback(error, found, family)
      else if (typeof found === 'string') callback(null, route(found), 4)
      else callback(null, [{ address: route(found[0]?.address ?? ''), family: 4 }])
    })
  const { host = '' } = options
  return realConnect({ ...options, host: isPublic(host) ? route(host) : host, lookup: routed })
}

/** Gives these addresses, one list after the other; the last one again and again. */
function lookupOf(...answers: readonly (readonly string[])[]) {
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, options, callback) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    const all: LookupAddress[] = addresses.map((address) => ({
      address,
      family: net.isIP(address),
    }))
    const [first] = all
    setImmediate(() => {
      if (options.all === true) callback(null, all)
      else callback(null, first?.address ?? '', first?.family)
    })
  }
  return { lookup, asked }
}

function transportWith(lookup?: LookupFunction): Transport {
  const dispatcher = createGuardedAgent(lookup)
  agents.push(dispatcher)
  return createTransport({
    ...{ timeoutMs: 5_000, responseLimitBytes: 10_000, maximumConnections: 8, dispatcher },
    // The agent decides, not the check of the protocol before it.
    dangerouslyAllowHttp: HOSTS.map((host) => `${host}:${port}`),
  })
}

const HOST = 'mcp.example'
const HOSTS = [
  ...[HOST, PUBLIC[0], '0.0.0.0', '10.0.0.1', '169.254.169.254'],
  ...['[::1]', '[::]', '[::ffff:7f00:1]', '[fe80::1]'],
]

/** Asks in both ways. */
async function failuresOf(transport: Transport, url: string): Promise<unknown[]> {
  const failed = (error: unknown): unknown => error
  return [
    await transport.send({ method: 'GET', url, headers: {} }).catch(failed),
    await transport.fetch(url).catch(failed),
  ]
}

function expectRefused(failures: readonly unknown[], address: string): void {
  const refusal = {
    name: 'TransportError',
    networkCode: 'not_public',
    message: `${address} is not an address on the public internet`,
  }
  expect(failures).toEqual([expect.objectContaining(refusal), expect.objectContaining(refusal)])
}

/** Nobody has connected to the server. */
function expectNothingSent(): void {
  expect(server.connections()).toBe(0)
  expect(server.received()).toBe('')
  expect(connected).toEqual([])
}

describe('the agent for addresses that people enter', () => {
  it('connects to a public address, looks up once for each connection, and uses it again', async () => {
    const { lookup, asked } = lookupOf([...PUBLIC])
    const transport = transportWith(lookup)
    const url = `http://${HOST}:${port}/`
    for (let count = 0; count < 5; count++) {
      expect((await transport.send({ method: 'GET', url, headers: {} })).text).toBe('the answer')
      expect(await (await transport.fetch(url)).text()).toBe('the answer')
      // The connection is free again.
      await new Promise(setImmediate)
    }
    expect(server.requests).toHaveLength(10)
    expect(server.connections()).toBeLessThan(5)
    expect(asked).toHaveLength(server.connections())
    expect(connected).toEqual(asked.map(() => PUBLIC[0]))
  })

  it('keeps a connection that nobody uses for some seconds, however long its server asks for', async () => {
    server.onRequest = (request) =>
      request.send('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=600\r\nContent-Length: 1\r\n\r\nx')
    const transport = transportWith(lookupOf([PUBLIC[0]]).lookup)
    await transport.send({ method: 'GET', url: `http://${HOST}:${port}/`, headers: {} })
    expect(server.open()).toBe(1)
    await until(() => server.open() === 0)
  })

  it('has a connection for each request: event streams keep theirs for as long as they like', async () => {
    let lookups = 0
    const agent = createGuardedAgent(() => (lookups += 1))
    const requests = Array.from({ length: 40 }, () =>
      agent.request({ origin: `http://${HOST}:${port}`, path: '/', method: 'GET' }),
    )
    await new Promise(setImmediate)
    await agent.destroy()
    await Promise.allSettled(requests)
    expect(lookups).toBe(40)
  })

  it('refuses a name that is public at the first lookup and not at the next, though it knows it [address-3]', async () => {
    const { lookup, asked } = lookupOf([PUBLIC[0]], ['127.0.0.1'])
    const transport = transportWith(lookup)
    // The first connection ends after the answer.
    server.onRequest = (request) =>
      request.send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
    const url = `http://${HOST}:${port}/mcp`
    expect((await transport.send({ method: 'GET', url, headers: {} })).text).toBe('ok')
    expect([asked.length, server.connections()]).toEqual([1, 1])

    expectRefused(await failuresOf(transport, url), '127.0.0.1')
    expect(asked.length).toBe(3)
    expect([server.connections(), server.requests.length, connected]).toEqual([1, 1, [PUBLIC[0]]])
  })

  it.each([
    ['private ones only', ['10.1.2.3'], '10.1.2.3'],
    ['a public and a private one', [PUBLIC[0], '127.0.0.1'], '127.0.0.1'],
    ['a private and a public one', ['::1', PUBLIC[1]], '::1'],
    ['a mapped one', ['::ffff:127.0.0.1'], '::ffff:127.0.0.1'],
    ['a link-local one with its zone', ['fe80::1%lo'], 'fe80::1%lo'],
    ['none', [], HOST],
  ])('refuses a name whose addresses are %s [address-4]', async (_, addresses, refused) => {
    const { lookup } = lookupOf(addresses)
    expectRefused(await failuresOf(transportWith(lookup), `http://${HOST}:${port}/`), refused)
    expectNothingSent()
  })

  it('refuses localhost by the lookup of the system', async () => {
    const failures = await failuresOf(transportWith(), `http://localhost:${port}/`)
    for (const failure of failures) {
      expect(failure).toMatchObject({
        networkCode: 'not_public',
        message: expect.stringMatching(/^(127\.0\.0\.1|::1) is not an address/),
      })
    }
    expectNothingSent()
  })

  it.each([
    ['http://127.0.0.1', '127.0.0.1'],
    ['http://127.0.0.1.', '127.0.0.1'],
    ['http://127.1', '127.0.0.1'],
    ['http://2130706433', '127.0.0.1'],
    ['http://0x7f000001', '127.0.0.1'],
    ['http://017700000001', '127.0.0.1'],
    ['http://0177.0.0.1', '127.0.0.1'],
    ['http://１２７.０.０.１', '127.0.0.1'],
    ['http://0', '0.0.0.0'],
    ['http://10.0.0.1', '10.0.0.1'],
    ['http://169.254.169.254', '169.254.169.254'],
    ['http://[::1]', '::1'],
    ['http://[::]', '::'],
    ['http://[::ffff:127.0.0.1]', '::ffff:7f00:1'],
    ['http://[fe80::1]', 'fe80::1'],
  ])('refuses %s, which it does not look up', async (origin, address) => {
    const { lookup, asked } = lookupOf([PUBLIC[0]])
    expectRefused(await failuresOf(transportWith(lookup), `${origin}:${port}/`), address)
    expectNothingSent()
    expect(asked).toEqual([])
  })

  it('connects to a public address in the place of a name', async () => {
    const transport = transportWith(lookupOf([]).lookup)
    const url = `http://${PUBLIC[0]}:${port}/`
    expect((await transport.send({ method: 'GET', url, headers: {} })).text).toBe('the answer')
    expect([connected, server.connections()]).toEqual([[PUBLIC[0]], 1])
  })

  it('passes on why a name cannot be looked up', async () => {
    const failing: LookupFunction = (_hostname, _options, callback) => {
      const error = Object.assign(new Error('no'), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
      callback(error, '', undefined)
    }
    const failures = await failuresOf(transportWith(failing), `http://${HOST}:${port}/`)
    const notFound = expect.objectContaining({ networkCode: 'ENOTFOUND' })
    expect(failures).toEqual([notFound, notFound])
    expectNothingSent()
  })

  it.each<[string, (transport: Transport, url: string) => Promise<unknown>, unknown]>([
    ['send', (one, url) => one.send({ method: 'GET', url, headers: {} }), { status: 302 }],
    ['fetch', (one, url) => one.fetch(url), { status: 302 }],
    [
      'fetch with redirect: follow',
      (one, url) => one.fetch(url, { redirect: 'follow' }).catch((error: unknown) => error),
      { networkCode: 'not_public' },
    ],
  ])('does not follow a redirect to 127.0.0.1, by %s', async (_, ask, outcome) => {
    const { lookup } = lookupOf([PUBLIC[0]])
    server.onRequest = (request) =>
      request.send(
        `HTTP/1.1 302 Found\r\nLocation: ${server.origin}/admin\r\nContent-Length: 0\r\n\r\n`,
      )
    expect(await ask(transportWith(lookup), `http://${HOST}:${port}/`)).toMatchObject(
      outcome as object,
    )
    expect(server.requests.map(({ text }) => text.split(' ')[1])).toEqual(['/'])
    expect(connected).toEqual([PUBLIC[0]])
  })

  it('does not go where Alt-Svc says', async () => {
    const { lookup } = lookupOf([PUBLIC[0]])
    const other = await startTcpServer()
    const elsewhere = `127.0.0.1:${new URL(other.origin).port}`
    server.onRequest = (request) =>
      request.send(
        `HTTP/1.1 200 OK\r\nAlt-Svc: h2="${elsewhere}", http/1.1="${elsewhere}"\r\nContent-Length: 2\r\n\r\nok`,
      )
    const transport = transportWith(lookup)
    for (const path of ['/1', '/2']) {
      const url = `http://${HOST}:${port}${path}`
      expect((await transport.send({ method: 'GET', url, headers: {} })).text).toBe('ok')
    }
    expect([other.connections(), server.requests.length]).toEqual([0, 2])
    expect(new Set(connected)).toEqual(new Set([PUBLIC[0]]))
    await other.close()
  })
})

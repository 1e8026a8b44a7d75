import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt, generateKeyPair } from 'jose'
import type { IncomingHttpHeaders } from 'node:http'
import { readSigningKey } from '../../src/client/client-keys.js'
import { createProofOfPossession } from '../../src/client/dpop.js'
import { createResourceClient } from '../../src/client/requests.js'
import { createTransport } from '../../src/client/transport.js'
import { listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'

interface Seen {
  readonly method: string | undefined
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let api: RunningServer
let foreign: RunningServer
let seen: Seen[]
let atForeign: Seen[]

/** A server that answers each path with the redirect that it describes: `/302?to=…`. */
function redirecting(notes: () => Seen[]): Promise<RunningServer> {
  return listen((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => (body += chunk.toString()))
    req.on('end', () => {
      const url = new URL(req.url ?? '/', `http://${req.headers.host ?? ''}`)
      notes().push({ method: req.method, url: url.href, headers: req.headers, body })
      const status = Number(url.pathname.slice(1)) || 200
      const to = url.searchParams.get('to')
      res.writeHead(status, to === null ? {} : { location: to }).end('the end')
    })
  })
}

beforeEach(async () => {
  seen = []
  atForeign = []
  api = await redirecting(() => seen)
  foreign = await redirecting(() => atForeign)
})
afterEach(async () => {
  await api.close()
  await foreign.close()
})

const transport = createTransport({
  timeoutMs: 5_000,
  responseLimitBytes: 100_000,
  maximumConnections: 4,
})

async function resources() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return createResourceClient(
    transport,
    createProofOfPossession(readSigningKey(privateKey, 'dpopKey')),
  )
}

/** Without proofs of possession. */
const plainResources = () => createResourceClient(transport, undefined)

const follow = (init: RequestInit = {}): RequestInit => ({ redirect: 'follow', ...init })

describe('redirects of an API, with proofs of possession', () => {
  it('are followed with a proof for each address of the same origin', async () => {
    const client = await resources()
    const answer = await client.fetch(`${api.origin}/302?to=/200`, follow(), 'the-token')
    expect([answer.status, await answer.text()]).toEqual([200, 'the end'])
    const proofs = seen.map(({ headers }) => decodeJwt(String(headers['dpop'])))
    expect(proofs.map(({ htu }) => htu)).toEqual([`${api.origin}/302`, `${api.origin}/200`])
    expect(new Set(proofs.map(({ jti }) => jti)).size).toBe(2)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill('DPoP the-token'),
    )
  })

  it('take nothing private to another origin, nor back', async () => {
    const client = await resources()
    const back = encodeURIComponent(`${api.origin}/200`)
    const there = encodeURIComponent(`${foreign.origin}/302?to=${back}`)
    const headers = { cookie: 'a=b', 'x-own': 'kept' }
    const answer = await client.fetch(`${api.origin}/302?to=${there}`, follow({ headers }), 'token')
    expect(answer.status).toBe(200)
    for (const { headers: sent } of [...atForeign, ...seen.slice(1)]) {
      expect(sent).not.toHaveProperty('authorization')
      expect(sent).not.toHaveProperty('dpop')
      expect(sent).not.toHaveProperty('cookie')
      expect(sent).toHaveProperty('x-own', 'kept')
    }
    expect([seen.length, atForeign.length]).toEqual([2, 1])
  })

  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [302, 'PUT', 'PUT', 'the body'],
    [307, 'POST', 'POST', 'the body'],
    [308, 'POST', 'POST', 'the body'],
    [303, 'HEAD', 'HEAD', ''],
  ])('with the status %i, turn %s into %s', async (status, method, then, body) => {
    const client = await resources()
    const init = follow({ method, body: method === 'HEAD' ? null : 'the body' })
    await client.fetch(`${api.origin}/${status}?to=/200`, init, 'token')
    expect(seen.map((one) => one.method)).toEqual([method, then])
    expect(seen[1]?.body).toBe(body)
    expect(decodeJwt(String(seen[1]?.headers['dpop']))).toMatchObject({ htm: then })
  })

  it('are not followed to plain HTTP, with proofs and without', async () => {
    const to = encodeURIComponent('http://other.example/')
    for (const client of [await resources(), plainResources()]) {
      const init = follow({ method: 'POST', body: 'the body' })
      await expect(client.fetch(`${api.origin}/307?to=${to}`, init, 'token')).rejects.toMatchObject(
        { code: 'ERR_CONFIGURATION', message: expect.stringContaining('it is not HTTPS') },
      )
    }
  })

  it('lose the token at another origin, without proofs too', async () => {
    const to = encodeURIComponent(`${foreign.origin}/200`)
    await plainResources().fetch(`${api.origin}/307?to=${to}`, follow(), 'token')
    expect(seen[0]?.headers.authorization).toBe('Bearer token')
    expect(atForeign.map(({ headers }) => headers.authorization)).toEqual([undefined])
  })

  it('end after twenty', async () => {
    const client = await resources()
    const loop = await listen((_req, res) => res.writeHead(302, { location: '/' }).end())
    await expect(client.fetch(loop.origin, follow(), 'token')).rejects.toMatchObject({
      code: 'ERR_RESOURCE',
      message: expect.stringContaining('redirects too often'),
    })
    await loop.close()
  })

  it('are answers as they are if they lead nowhere, or are not followed', async () => {
    const client = await resources()
    const nowhere = await client.fetch(`${api.origin}/302?to=http://[`, follow(), 'token')
    expect(nowhere.status).toBe(302)
    const manual = await client.fetch(`${api.origin}/302?to=/200`, {}, 'token')
    expect(manual.status).toBe(302)
  })
})

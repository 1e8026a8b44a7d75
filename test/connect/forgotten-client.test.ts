import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { DynamicClient } from '../../src/connect/client-registration.js'
import { isForgottenClient } from '../../src/connect/forgotten-client.js'
import { startStranger } from '../support/stranger.js'
import type { Stranger, StrangersAnswer } from '../support/stranger.js'
import { trustedServer } from '../support/trusted-server.js'

let server: Stranger
beforeAll(async () => {
  server = await startStranger()
})
beforeEach(() => {
  server.answers.clear()
  server.asked.length = 0
  server.bodies.length = 0
})
afterAll(() => server.close())

const CLIENT: DynamicClient = { clientID: 'client-1', clientAuthentication: 'none' }

/** What follows from this answer of the token endpoint. */
function ask(answer: StrangersAnswer): Promise<boolean> {
  server.answers.set('/token', answer)
  return isForgottenClient(trustedServer(server.origin), CLIENT, server.transport)
}

describe('a client', () => {
  it('is forgotten if the server does not know it', async () => {
    expect(await ask({ status: 401, body: { error: 'invalid_client' } })).toBe(true)
    expect(server.asked).toEqual(['POST /token'])
    const form = Object.fromEntries(new URLSearchParams(server.bodies[0]))
    expect(form).toEqual({
      ...{ grant_type: 'refresh_token', client_id: 'client-1' },
      refresh_token: expect.stringMatching(/^[\w-]{16,}$/),
    })
  })

  it('is asked for with another token each time, that never was', async () => {
    await ask({ status: 400, body: { error: 'invalid_grant' } })
    await ask({ status: 400, body: { error: 'invalid_grant' } })
    const tokens = server.bodies.map((body) => new URLSearchParams(body).get('refresh_token'))
    expect(new Set(tokens).size).toBe(2)
  })

  it.each<[string, StrangersAnswer]>([
    ['refuses the token', { status: 400, body: { error: 'invalid_grant' } }],
    ['does not allow it that', { status: 400, body: { error: 'unauthorized_client' } }],
    ['gives a token', { body: { access_token: 'a', token_type: 'bearer' } }],
    ['answers with HTML', { status: 401, body: '<html>invalid_client</html>' }],
    ['answers with null', { status: 401, body: null }],
    ['fails', { status: 500, body: 'sorry' }],
    ['sends us elsewhere', { status: 307, headers: { location: '/other' } }],
    ['answers without end', { status: 401, body: ' '.repeat(10_000_000) }],
  ])('is not forgotten if the server %s', async (_, answer) => {
    expect(await ask(answer)).toBe(false)
    expect(server.asked).toEqual(['POST /token'])
  })
})

import { describe, expect, it } from '@jest/globals'
import type { LoginRequest } from '../../src/lib/login-request.js'
import type { LoginSession } from '../../src/lib/login-request.js'
import { earlierRequest } from '../../src/login/earlier-request.js'

const session = { id: 'session-1', cookie: {}, cart: 3 } as unknown as LoginSession

/** A request as Express makes it: some of its properties have getters alone. */
function request(own: object): LoginRequest {
  const prototype = {
    get query(): object {
      return { parsed: 'by Express' }
    },
    get(name: string): string {
      return `the header ${name}`
    },
  }
  return Object.defineProperties(
    Object.create(prototype) as LoginRequest,
    Object.getOwnPropertyDescriptors({ session, ...own }),
  )
}

describe('the request as it was before a login', () => {
  it('keeps the person and the session, whatever becomes of both', () => {
    const req = request({ user: { id: 1 } })
    const earlier = earlierRequest(req, session)
    Object.assign(req, { user: { id: 2 }, session: undefined })
    expect(earlier).toMatchObject({
      ...{ user: { id: 1 }, sessionID: 'session-1' },
      session: { id: 'session-1', cart: 3 },
    })
  })

  it('has the methods of Express, and what the application has put in the place of its getters', () => {
    const plain = earlierRequest(request({}), session) as unknown as Record<string, unknown>
    expect(plain['query']).toEqual({ parsed: 'by Express' })
    const req = request({})
    const value = { parsed: 'by the application' }
    Object.defineProperty(req, 'query', { value, enumerable: true, writable: true })
    const replaced = earlierRequest(req, session)
    expect(replaced).toHaveProperty('query', value)
    expect((replaced as unknown as { get: (name: string) => string }).get('host')).toBe(
      'the header host',
    )
  })
})

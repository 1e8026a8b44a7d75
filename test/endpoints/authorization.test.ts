import { describe, expect, it } from '@jest/globals'
import { createAuthorizationEndpoint } from '../../src/endpoints/authorization.js'
import type { AuthorizationRequest } from '../../src/endpoints/authorization.js'

const SETTINGS = {
  clientID: 'client-1',
  authorizationURL: 'https://provider.example/authorize',
  issuer: 'https://provider.example',
}

const REQUEST: AuthorizationRequest = {
  clientID: 'client-1',
  redirectUri: 'https://app.example/callback',
  scope: 'openid email',
  state: 'a-state',
  codeChallenge: 'a-challenge',
  dpopThumbprint: undefined,
  idToken: { nonce: 'a-nonce' },
  resource: [],
  authorizationDetails: [],
  signedResponse: false,
  parameters: {},
}

/** Shows what was signed. */
const keys = { sign: (claims: object) => Promise.resolve(JSON.stringify(claims)) }

/** The parameters that the browser carries, and the claims of the request object among them. */
async function sent(
  changes: Partial<AuthorizationRequest>,
  push?: (parameters: URLSearchParams) => Promise<string>,
): Promise<{ readonly url: Record<string, string>; readonly claims: Record<string, unknown> }> {
  const endpoint = createAuthorizationEndpoint(SETTINGS, keys, push)
  const { searchParams } = new URL(await endpoint({ ...REQUEST, ...changes }))
  const { request = '{}', ...url } = Object.fromEntries(searchParams)
  expect([...searchParams.keys()]).toHaveLength(new Set(searchParams.keys()).size)
  return { url, claims: JSON.parse(request) as Record<string, unknown> }
}

describe('a request object in the browser’s URL', () => {
  it('is accompanied by response_type and scope if the scope has openid, as Hydra requires', async () => {
    const { url, claims } = await sent({})
    expect(url).toEqual({ client_id: 'client-1', response_type: 'code', scope: 'openid email' })
    expect(claims).toMatchObject({ ...url, state: 'a-state', nonce: 'a-nonce' })
  })

  it('is accompanied by the scope of this login, if a route or a hook has another', async () => {
    const { url, claims } = await sent({ parameters: { scope: 'openid calendar' } })
    expect(url).toMatchObject({ scope: 'openid calendar' })
    expect(claims).toMatchObject({ scope: 'openid calendar' })
  })

  it('is alone with the client’s id if no ID token is asked for', async () => {
    const { url, claims } = await sent({ idToken: undefined, scope: 'email' })
    expect(url).toEqual({ client_id: 'client-1' })
    expect(claims).toMatchObject({ response_type: 'code', scope: 'email' })
  })

  it('is alone with the client’s id if it is pushed, also with openid', async () => {
    const pushed: string[][] = []
    const { url } = await sent({}, (parameters) => {
      pushed.push([...parameters.keys()])
      return Promise.resolve('urn:request:1')
    })
    expect(pushed).toEqual([['client_id', 'request']])
    expect(url).toEqual({ client_id: 'client-1', request_uri: 'urn:request:1' })
  })
})

describe('a request for a signed response', () => {
  it.each([
    [undefined, 'jwt'],
    ['jwt', 'jwt'],
    ['query', 'query.jwt'],
    ['query.jwt', 'query.jwt'],
    ['form_post', 'form_post.jwt'],
    ['form_post.jwt', 'form_post.jwt'],
  ])('has, for the response_mode %s, the response_mode %s', async (given, mode) => {
    const parameters: Record<string, string> = given === undefined ? {} : { response_mode: given }
    const { claims } = await sent({ signedResponse: true, parameters })
    expect(claims['response_mode']).toBe(mode)
  })

  it('leaves the response_mode alone if no signature is asked for', async () => {
    const { claims } = await sent({ parameters: { response_mode: 'form_post' } })
    expect(claims['response_mode']).toBe('form_post')
  })
})

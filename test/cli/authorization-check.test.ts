import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import express from 'express'
import { Provider } from 'oidc-provider'
import type { ClientMetadata } from 'oidc-provider'
import { examine } from '../../src/cli/doctor.js'
import type { Finding } from '../../src/cli/finding.js'
import { discover } from '../../src/index.js'
import type { AuthorizationCodeOptions } from '../../src/index.js'
import { listen } from '../support/http.js'
import type { RunningServer } from '../support/http.js'

const CALLBACK = 'https://app.example/auth/callback'

/** What `doctor` finds, by what it looked at. */
async function findingsOf(
  options: AuthorizationCodeOptions,
): Promise<(check: string) => Finding | undefined> {
  const findings = await examine({ loadOptions: () => Promise.resolve(options) })
  return (check) => findings.find((one) => one.check === check)
}

describe('doctor at oidc-provider', () => {
  let server: RunningServer
  const requests: string[] = []

  const client = (client_id: string, more: Partial<ClientMetadata> = {}): ClientMetadata => ({
    client_id,
    client_secret: 'a-secret-that-is-long-enough-for-all',
    redirect_uris: [CALLBACK],
    token_endpoint_auth_method: 'client_secret_post',
    ...more,
  })

  beforeAll(async () => {
    const app = express()
    server = await listen(app)
    const provider = new Provider(server.origin, {
      clients: [
        client('plain'),
        client('no-code', { response_types: ['id_token'], grant_types: ['implicit'] }),
        client('pushes', { require_pushed_authorization_requests: true }),
        client('signs', {
          require_signed_request_object: true,
          request_object_signing_alg: 'HS256',
        }),
      ],
      features: {
        devInteractions: { enabled: false },
        pushedAuthorizationRequests: { enabled: true },
        requestObjects: { enabled: true },
      },
      pkce: { required: () => true },
    })
    provider.proxy = true
    app.use((req, _res, next) => {
      requests.push(`${req.method} ${req.path}`)
      next()
    }, provider.callback())
  })
  beforeEach(() => {
    requests.splice(0)
  })
  afterAll(() => server.close())

  const options = async (
    more: Partial<AuthorizationCodeOptions> = {},
  ): Promise<AuthorizationCodeOptions> => ({
    ...(await discover(server.origin)),
    clientID: 'plain',
    clientSecret: 'a-secret-that-is-long-enough-for-all',
    callbackURL: CALLBACK,
    scope: 'openid',
    ...more,
    ...(more.pushedAuthorizationRequestURL !== undefined && {
      pushedAuthorizationRequestURL: `${server.origin}/request`,
    }),
  })

  it('asks once, and follows no redirect', async () => {
    const found = await findingsOf(await options())
    expect(found('authorization')).toMatchObject({
      status: 'ok',
      seen: 'the provider takes the request, and asks the person to log in',
    })
    expect(
      requests.filter((one) => one.startsWith('GET /auth') || one.includes('interaction')),
    ).toEqual(['GET /auth'])
  })

  it('pushes the request first, if the options say so', async () => {
    const pushed = { pushedAuthorizationRequestURL: 'PAR', clientID: 'pushes' }
    const found = await findingsOf(await options(pushed))
    expect(found('authorization')).toMatchObject({ status: 'ok' })
    expect(requests).toContain('POST /request')
  })

  it.each<[string, Partial<AuthorizationCodeOptions>, string, string]>([
    [
      'a callback that is not registered',
      { callbackURL: 'https://app.example/other/callback' },
      'redirect_uri',
      'Register https://app.example/other/callback at the provider, exactly as it is.',
    ],
    [
      'what it says of a pushed request',
      {
        pushedAuthorizationRequestURL: 'PAR',
        callbackURL: 'https://app.example/other/callback',
      },
      'redirect_uri',
      'Register',
    ],
    ['a client that it does not know', { clientID: 'nobody' }, 'client', 'Compare clientID'],
    [
      'a flow that is disabled',
      { clientID: 'no-code' },
      'invalid_request',
      'authorization code flow',
    ],
    ['a request that is not signed', { clientID: 'signs' }, 'invalid_request', 'Sign the requests'],
    [
      'a request that is not pushed',
      { clientID: 'pushes' },
      'invalid_request',
      'Push the requests',
    ],
    [
      'a response mode that it does not know',
      { authorizationParameters: { response_mode: 'carrier_pigeon' } },
      'response_mode',
      'response_mode',
    ],
  ])('finds %s', async (_, more, seen, cure) => {
    const found = await findingsOf(await options(more))
    const { status, ...finding } = found('authorization') ?? {}
    expect([status, finding]).toEqual([
      'failed',
      expect.objectContaining({
        seen: expect.stringContaining(seen),
        cure: expect.stringContaining(cure),
      }),
    ])
  })
})

describe('doctor at a provider that answers', () => {
  let server: RunningServer
  let tokenError = '{"error":"invalid_grant"}'
  let answer: (response: ServerResponse, query: URLSearchParams) => void

  beforeAll(async () => {
    server = await listen((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
      if (pathname === '/authorize') answer(response, searchParams)
      else response.writeHead(400, { 'content-type': 'application/json' }).end(tokenError)
    })
  })
  afterEach(() => {
    answer = (response) => response.end('a login page')
  })
  afterAll(() => server.close())

  const findings = (more: Partial<AuthorizationCodeOptions> = {}) =>
    findingsOf({
      authorizationURL: `${server.origin}/authorize`,
      tokenURL: `${server.origin}/token`,
      clientID: 'c',
      clientSecret: 's',
      callbackURL: CALLBACK,
      ...more,
    })
  const found = async (more?: Partial<AuthorizationCodeOptions>): Promise<Finding | undefined> =>
    (await findings(more))('authorization')

  const redirect = (location: string) => (response: ServerResponse) => {
    response.writeHead(302, { location }).end()
  }
  const page =
    (text: string, status = 200) =>
    (response: ServerResponse) => {
      response.writeHead(status, { 'content-type': 'text/html' }).end(text)
    }
  const jwt = (claims: object): string =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`

  it.each<[string, (response: ServerResponse) => void, string, RegExp]>([
    ['a login page', page('<h1>Log in</h1>'), 'ok', /asks the person to log in/],
    ['a redirect to its login page', redirect('/login?state=1'), 'ok', /asks the person to log in/],
    ['a code at once', redirect(`${CALLBACK}?code=1&state=2`), 'ok', /takes the request$/],
    [
      'that nobody is logged in',
      redirect(`${CALLBACK}?error=login_required`),
      'ok',
      /login_required/,
    ],
    [
      'that it is busy',
      redirect(`${CALLBACK}?error=temporarily_unavailable`),
      'warning',
      /busy|temporarily/,
    ],
    ['HTTP 503', page('', 503), 'warning', /HTTP 503/],
    ['HTTP 404', page('', 404), 'failed', /no authorization endpoint/],
    [
      'an error to the callback',
      redirect(`${CALLBACK}?error=invalid_scope&error_description=no+such+scope`),
      'failed',
      /invalid_scope \(no such scope\)/,
    ],
    ['in the fragment', redirect(`${CALLBACK}#code=1&state=2`), 'failed', /fragment/],
    [
      'an error in the fragment',
      redirect(`${CALLBACK}#error=invalid_scope`),
      'failed',
      /invalid_scope/,
    ],
    [
      'a form that posts an error',
      page(
        `<form method="post" action="${CALLBACK.replaceAll('/', '&#x2F;')}"><input type="hidden" name='error' value='invalid_request'/></form>`,
      ),
      'failed',
      /invalid_request/,
    ],
    [
      'a signed error',
      redirect(`${CALLBACK}?response=${jwt({ iss: 'x', error: 'unauthorized_client' })}`),
      'failed',
      /unauthorized_client/,
    ],
    [
      'a redirect to its error page',
      redirect('/error?error=redirect_uri_mismatch&error_description=not+allowed'),
      'failed',
      /redirect_uri_mismatch \(not allowed\)/,
    ],
    [
      'Google’s error page',
      redirect('/signin/oauth/error?authError=ChVyZWRpcmVjdF91cmlfbWlzbWF0Y2gSsAE'),
      'failed',
      /redirect_uri_mismatch/,
    ],
    [
      'Entra’s error page',
      page('<div>AADSTS700016: Application with identifier was not found</div>'),
      'failed',
      /AADSTS700016: Application/,
    ],
    [
      'JSON',
      page('{"error":"unauthorized_client"}', 401),
      'failed',
      /HTTP 401: unauthorized_client/,
    ],
    [
      'a page of its own',
      page('<style>x</style><p>Invalid   <b>client</b></p>', 400),
      'failed',
      /HTTP 400: Invalid client/,
    ],
  ])('%s', async (_, script, status, seen) => {
    answer = script
    expect(await found()).toMatchObject({ status, seen: expect.stringMatching(seen) })
  })

  it('with text that would command a terminal, which is not printed', async () => {
    answer = page('\u001b[2Jwrong', 400)
    expect((await found())?.seen).not.toContain('\u001b')
  })

  it('that the client has to use DPoP', async () => {
    tokenError = '{"error":"invalid_request","error_description":"DPoP proof is missing"}'
    const client = (await findings())('client')
    expect(client).toMatchObject({
      status: 'failed',
      cure: expect.stringContaining('Set dpopKey'),
    })
  })

  it('not at all', async () => {
    const verdict = await found({ authorizationURL: 'http://127.0.0.1:1/authorize' })
    expect(verdict).toMatchObject({ status: 'failed', seen: expect.stringContaining('reached') })
  })
})

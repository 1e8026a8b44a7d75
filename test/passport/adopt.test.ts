import { describe, expect, it } from '@jest/globals'
import OAuth2Strategy from 'passport-oauth2'
import { adopt, AuthorizationCodeStrategy } from '../../src/index.js'
import type { DonorStrategy } from '../../src/index.js'
import { Donor } from '../support/donor.js'

const provider = {
  authorizationURL: 'https://login.example.com/authorize',
  tokenURL: 'https://login.example.com/token',
  profileURL: 'https://login.example.com/me',
}
const callbackURL = 'https://your-app.com/auth/callback'

function donor(change: (one: Donor) => void = () => undefined, options: object = {}): Donor {
  const made = new Donor(provider, { callbackURL, ...options })
  change(made)
  return made
}

describe('adopt', () => {
  it('returns a strategy of this library, with the name and the callbackURL of the donor', () => {
    const strategy = adopt(donor())
    expect(strategy).toBeInstanceOf(AuthorizationCodeStrategy)
    expect([strategy.name, strategy.callbackURL]).toEqual(['donor', callbackURL])
    const other = adopt(donor(), { name: 'mine', callbackURL: 'https://your-app.com/other' })
    expect([other.name, other.callbackURL]).toEqual(['mine', 'https://your-app.com/other'])
  })

  it.each<[string, unknown, string]>([
    ['a class', Donor, 'is a class'],
    ['nothing', undefined, 'no Passport strategy'],
    ['one of ours', adopt(donor()), 'one of this library already'],
    ['OAuth 1.0', { name: 'twitter', authenticate: () => undefined, _oauth: {} }, 'OAuth 1.0'],
    ['SAML', { name: 'saml', authenticate: () => undefined, _saml: {} }, 'SAML'],
    ['OpenID Connect', { name: 'oidc', authenticate: () => undefined, _issuer: '' }, 'discover'],
    ['something else', { name: 'local', authenticate: () => undefined }, "'local' does not extend"],
    [
      'a donor with a relative callbackURL',
      donor(undefined, { callbackURL: '/auth/callback' }),
      "callbackURL: 'https://your-app.com/auth/callback'",
    ],
    [
      'a donor without a callbackURL',
      donor(undefined, { callbackURL: undefined }),
      'has no callbackURL',
    ],
    [
      'a donor with an agent',
      donor(({ client }) => client.setAgent({})),
      'overrides _oauth2._agent',
    ],
    [
      'a donor with a _request',
      donor(({ client }) => (client._request = () => undefined)),
      'option dispatcher',
    ],
    [
      'a donor with a getOAuthAccessToken',
      donor(({ client }) => (client.getOAuthAccessToken = () => undefined)),
      'clientAuthentication',
    ],
    [
      'a donor with a _createOAuthError',
      donor((one) => Object.assign(one, { _createOAuthError: () => undefined })),
      'overrides _createOAuthError',
    ],
    [
      'a donor with credentials of its own in a header',
      donor(undefined, { customHeaders: { Authorization: 'Apikey k-1' } }),
      'give adopt the option clientAuthentication',
    ],
    [
      'a donor that extends passport-oauth 0.1',
      donor((one) => Reflect.deleteProperty(one, '_stateStore')),
      'passport-oauth 0.1',
    ],
    [
      'a donor with a client that is frozen',
      donor(({ client }) => void Object.freeze(client)),
      'is frozen',
    ],
  ])('refuses %s, and says what to do', (_what, given, message) => {
    expect(() => adopt(given as DonorStrategy)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: expect.stringContaining(message),
      }),
    )
  })

  it('leaves out the overrides that the application names, and no others', () => {
    const own = donor(({ client }) => (client.getOAuthAccessToken = () => undefined))
    expect(adopt(own, { ignoreOverrides: ['_oauth2.getOAuthAccessToken'] }).name).toBe('donor')
    expect(() => adopt(donor(), { ignoreOverrides: ['authenticate'] })).toThrow(
      "ignoreOverrides names 'authenticate', which the strategy 'donor' does not override. It overrides userProfile.",
    )
  })

  it('refuses a donor that has been adopted, but not one whose adoption has failed', () => {
    const one = donor(undefined, { callbackURL: '/auth/callback' })
    expect(() => adopt(one)).toThrow('is')
    expect(adopt(one, { callbackURL }).name).toBe('donor')
    expect(() => adopt(one, { callbackURL })).toThrow('has been adopted already')
  })

  it('takes a strategy that extends passport-oauth2 1.1, which stores no state', () => {
    const old = donor((one) => {
      Reflect.deleteProperty(one, '_stateStore')
      Object.assign(one, { _state: undefined })
    })
    expect(adopt(old).name).toBe('donor')
  })

  it('takes one with credentials of its own in a header, if it is told how to authenticate', () => {
    const one = donor(undefined, { customHeaders: { Authorization: 'Apikey k-1' } })
    expect(adopt(one, { clientAuthentication: 'client_secret_post' }).name).toBe('donor')
  })

  it('refuses options that it does not know', () => {
    expect(() => adopt(donor(), { state: true } as never)).toThrow("'state' is not used here")
  })

  it('takes a strategy of another copy of passport-oauth2, whatever its class is called', () => {
    class o extends OAuth2Strategy {}
    const options = { ...provider, clientID: 'client-1', clientSecret: 's', callbackURL }
    expect(adopt(new o(options, () => undefined)).name).toBe('oauth2')
  })
})

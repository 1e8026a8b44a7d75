import OAuth2Strategy from 'passport-oauth2'
import type { VerifyFunction } from 'passport-oauth2'
import type { ScriptedProvider } from './scripted-provider.js'

/** The client of passport-oauth2, as its types do not show it. */
export interface DonorsClient {
  get(url: string, token: string, done: (error: unknown, body?: string) => void): void
  _request: (...given: never) => void
  _customHeaders: Record<string, string>
  getOAuthAccessToken: (...given: never) => void
  setAccessTokenName(name: string): void
  setAgent(agent: unknown): void
}

/** A strategy as packages on npm are written. */
export class Donor extends OAuth2Strategy {
  readonly profileURL: string

  constructor(
    provider: Pick<ScriptedProvider, 'authorizationURL' | 'tokenURL' | 'profileURL'>,
    options: object,
    // The types know one number of parameters each.
    verify: unknown = (
      _accessToken: string,
      _refreshToken: string,
      profile: object,
      done: (error: unknown, user: object) => void,
    ) => done(null, profile),
  ) {
    const { authorizationURL, tokenURL } = provider
    super(
      {
        authorizationURL,
        tokenURL,
        clientID: 'client-1',
        clientSecret: 'secret-1',
        ...options,
      },
      verify as VerifyFunction,
    )
    this.name = 'donor'
    this.profileURL = provider.profileURL
  }

  get client(): DonorsClient {
    return this._oauth2 as unknown as DonorsClient
  }

  override userProfile(
    accessToken: string,
    done: (error?: unknown, profile?: unknown) => void,
  ): void {
    this.client.get(this.profileURL, accessToken, (error, body = '{}') => {
      if (error) {
        done(error)
        return
      }
      const json = JSON.parse(body) as Record<string, unknown>
      done(null, { provider: this.name, id: json['sub'], _json: json })
    })
  }
}

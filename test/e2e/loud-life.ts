import { randomBytes } from 'node:crypto'
import { bundle } from '../support/bundle.js'
import { startCommand } from '../support/command.js'
import type { RunningCommand } from '../support/command.js'
import { Browser } from '../support/http.js'
import type { Page } from '../support/http.js'
import { changed, formOf, startLogin } from '../support/login.js'
import { json, startScriptedProvider, tokenResponse } from '../support/scripted-provider.js'
import type { Script, ScriptedProvider } from '../support/scripted-provider.js'
import { failuresOf, echo } from './loud-failures.js'

/**
 * Everything that has a debug switch, turned on. Two are left out: Express's own and its router's, which
 * print the URL of every request, the callback's included, before any handler runs.
 */
const SWITCHES = {
  DEBUG: '*,-express:*,-router*',
  NODE_DEBUG: 'http,https,net,tls,undici,fetch,diagnostics_channel',
  NODE_ENV: 'development',
}

const SECRET_PARAMETERS = [
  'code',
  'code_verifier',
  'refresh_token',
  'client_assertion',
  'client_secret',
  'token',
  'state',
]

/** How the application is known to its provider. */
export interface LoudClient {
  /** Options of the strategy. */
  readonly options: (provider: ScriptedProvider) => object
  /** What of them is secret. */
  readonly secrets: readonly string[]
  readonly tokenType?: string
}

/** All that was said in the life of an application, and what should not have been. */
export interface LoudLife {
  readonly secrets: readonly string[]
  readonly output: string
  readonly pages: string
}

/** Lets an application of each client, which prints whatever it can get hold of, live through everything; all at once. */
export async function liveLoudly(
  clients: readonly LoudClient[],
): Promise<readonly PromiseSettledResult<LoudLife>[]> {
  const file = bundle('test/support/loud-app.ts')
  return Promise.allSettled(
    clients.map(async (client) => {
      const provider = await startScriptedProvider()
      try {
        return await new Life(file, provider, client).live()
      } finally {
        await provider.close()
      }
    }),
  )
}

class Life {
  readonly #sessionSecret = `session-secret-${randomBytes(12).toString('hex')}`
  readonly #tokenSecret = `token-secret-${randomBytes(24).toString('hex')}`
  readonly #pages: string[] = []
  readonly #secrets: Set<string>
  #origin = ''

  constructor(
    readonly file: string,
    readonly provider: ScriptedProvider,
    readonly client: LoudClient,
  ) {
    this.#secrets = new Set([this.#sessionSecret, this.#tokenSecret, ...client.secrets])
  }

  async live(): Promise<LoudLife> {
    this.#reset()
    const command = this.#start()
    try {
      const [, origin = ''] = await command.printed(/loud at (\S+)/)
      this.#origin = origin
      await this.#liveThroughEverything()
      this.#rememberWhatWasSent()
    } finally {
      await command.stop()
    }
    return {
      secrets: [...this.#secrets],
      output: command.output,
      pages: this.#pages.join('\n'),
    }
  }

  #start(): RunningCommand {
    return startCommand(process.execPath, [this.file], {
      ...SWITCHES,
      LOUD_OPTIONS: JSON.stringify({
        origin: this.provider.origin,
        sessionSecret: this.#sessionSecret,
        tokenSecret: this.#tokenSecret,
        ...this.client.options(this.provider),
      }),
    })
  }

  async #liveThroughEverything(): Promise<void> {
    await this.#fullLife()
    await this.#strangeCallbacks()
    for (const [, failure] of failuresOf(() => this.#tokens())) {
      for (const path of ['/token', '/me', '/par', '/revoke', '/resource']) {
        this.#reset()
        this.#fail(path, failure)
        await this.#fullLife()
      }
      this.#reset()
      const browser = await this.#logIn()
      this.provider.onToken(failure)
      await browser.visit(`${this.#origin}/renew`)
      await browser.visit(`${this.#origin}/renew`)
      this.provider.onToken(echo(() => this.#tokens(), 400, 'invalid_grant'))
      await browser.visit(`${this.#origin}/renew`)
      await browser.visit(`${this.#origin}/resource`)
    }
    this.#reset()
  }

  #fail(path: string, failure: Script): void {
    if (path === '/token') this.provider.onToken(failure)
    else if (path === '/me') this.provider.onProfile(failure)
    else this.provider.on(path, failure)
  }

  /** From the login to the logout. */
  async #fullLife(): Promise<void> {
    const browser = await this.#logIn()
    await browser.visit(`${this.#origin}/auth/session`)
    await browser.visit(`${this.#origin}/resource`)
    await browser.visit(`${this.#origin}/renew`)
    await browser.visit(`${this.#origin}/end-grant`)
    await this.#logIn(browser)
    await browser.post(`${this.#origin}/auth/logout`)
  }

  async #strangeCallbacks(): Promise<void> {
    const callback = `${this.#origin}/auth/callback`
    for (const strange of [
      { state: this.#fresh('state') },
      { code: undefined, error: 'access_denied' },
      { code: undefined, error: 'server_error' },
      { code: this.#fresh('code'), iss: 'https://somebody.example' },
      { error: 'invalid_scope' },
      { code: undefined },
    ]) {
      const browser = this.#witness()
      const { callback: honest } = await startLogin(browser, `${this.#origin}/auth/login`)
      const other = changed(honest, strange)
      await browser.visit(changed(other, { error_description: `Was it ${other} or not?` }))
      await browser.visit(honest)
      await browser.visit(honest)
    }
    for (const body of [
      `code=${this.#fresh('code')}&state=${this.#fresh('state')}`,
      `%%%${this.#fresh('code')}`,
    ]) {
      const browser = this.#witness()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      await browser.request(callback, { method: 'POST', headers, body })
      const unknown = { 'content-type': 'application/x-www-form-urlencoded; charset=koi8-r' }
      await browser.request(callback, { method: 'POST', headers: unknown, body })
    }
    const token = this.#fresh('logout-token')
    await this.#witness().post(`${this.#origin}/auth/backchannel-logout`, { logout_token: token })
    await this.#witness().visit(`${this.#origin}/auth/logged-out?state=${this.#fresh('state')}`)
  }

  async #logIn(browser = this.#witness()): Promise<Browser> {
    await browser.follow(`${this.#origin}/auth/login`)
    return browser
  }

  #witness(): Browser {
    return new Witness(this.provider.origin, this.#pages)
  }

  #reset(): void {
    this.#rememberWhatWasSent()
    this.provider.reset()
    this.provider.onAuthorize((parameters) => ({
      code: this.#fresh('code'),
      state: parameters.get('state') ?? '',
    }))
    this.provider.onToken((request, response) => json(this.#tokens())(request, response))
    this.provider.on('/resource', json({}))
    this.provider.on('/revoke', json({}))
    this.provider.on('/par', json({ request_uri: 'urn:pushed', expires_in: 60 }, 201))
  }

  #fresh(kind: string): string {
    const value = `${kind}-${randomBytes(12).toString('hex')}`
    this.#secrets.add(value)
    return value
  }

  #tokens(): Record<string, unknown> {
    return tokenResponse({
      token_type: this.client.tokenType ?? 'Bearer',
      access_token: this.#fresh('access-token'),
      refresh_token: this.#fresh('refresh-token'),
      id_token: this.#fresh('id-token'),
    })
  }

  /** What the provider has seen of secrets. */
  #rememberWhatWasSent(): void {
    const { requests, authorizationRequests, origin } = this.provider
    const forms = [
      ...requests.map(formOf),
      ...authorizationRequests.map((path) => new URL(path, origin).searchParams),
    ]
    for (const form of forms) {
      for (const name of SECRET_PARAMETERS)
        form.getAll(name).forEach((value) => this.#secrets.add(value))
    }
    for (const { headers } of requests) {
      const [, credentials = ''] = (headers.authorization ?? '').split(' ')
      this.#secrets.add(credentials).add(String(headers['dpop'] ?? ''))
    }
  }
}

/** A browser that remembers what it was answered. Whatever leads to the provider is the provider's to see. */
class Witness extends Browser {
  constructor(
    readonly providerOrigin: string,
    readonly pages: string[],
  ) {
    super()
  }

  override async request(...given: Parameters<Browser['request']>): Promise<Page> {
    const page = await super.request(...given)
    if (page.url.startsWith(this.providerOrigin)) return page
    const headers = [...page.headers].filter(([name]) => name !== 'set-cookie')
    const isForProvider = page.location?.startsWith(this.providerOrigin)
    const shown = headers.filter(([name]) => name !== 'location' || !isForProvider)
    this.pages.push(JSON.stringify(shown), isForProvider ? '' : page.text)
    return page
  }
}

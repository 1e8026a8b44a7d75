import type { RawRequest } from '../raw-http.js'
import type { AttackedApp } from './app-process.js'
import { count, wrongIn } from './findings.js'
import type { Findings } from './findings.js'
import type { Plan } from './plan.js'
import type { Authorized, HostileProvider } from './provider.js'
import type { Secrets } from './secrets.js'
import { headerLines, sendBytes } from './send-bytes.js'
import type { Received } from './send-bytes.js'

/** What all attackers have in common. */
export interface Battlefield {
  readonly app: AttackedApp
  readonly provider: HostileProvider
  readonly secrets: Secrets
  readonly findings: Findings
  /** The newest login that each connection has started. */
  readonly started: Map<string, Authorized>
}

/** Reports a violation of the attack that is under way. */
export type Complain = (what: string, details: string) => void

/** How long an answer may take: longer than the application waits for its provider, several times. */
const ANSWER_LIMIT_MS = 20_000

/** How long is listened after bytes that may be no request. */
const RAW_LIMIT_MS = 250

/** What a browser sends when a person visits a page. */
export const NAVIGATION = ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: none']

/** An attacker's browser, for one attack: it keeps cookies, and checks everything that it gets. */
export class HostileVisitor {
  readonly jar = new Map<string, string>()
  /** Whose pages it may see. */
  mayBe: string | undefined
  /** The cookies of sessions in which it was logged in. */
  readonly #logins = new Set<string>()

  constructor(
    readonly person: string,
    readonly field: Battlefield,
    readonly complain: Complain,
  ) {}

  /** Sends bytes as they are. */
  async sendRaw(bytes: string): Promise<void> {
    this.#check(await sendBytes(this.field.app.origin, Buffer.from(bytes, 'latin1'), RAW_LIMIT_MS))
  }

  /** Sends a request with its cookies, or other ones. */
  async send(request: RawRequest, cookies = this.cookieHeader()): Promise<Received> {
    const { method = 'GET', target, headers = [], body } = request
    const content = Buffer.from(body ?? '')
    const lines = [
      `${method} ${target} HTTP/1.1`,
      `Host: ${new URL(this.field.app.origin).host}`,
      'Connection: close',
      ...headers,
      ...(cookies === '' ? [] : [`Cookie: ${cookies}`]),
      ...(body === undefined ? [] : [`Content-Length: ${content.length}`]),
    ]
    const bytes = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), content])
    const received = await sendBytes(this.field.app.origin, bytes, ANSWER_LIMIT_MS)
    if (!received.isClosed) this.complain('a request was not answered', lines[0] ?? '')
    this.#check(received)
    for (const line of headerLines(received, 'set-cookie')) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? []
      if (value === '') this.jar.delete(name)
      else this.jar.set(name, value)
    }
    return received
  }

  /** Visits a page as a person does. */
  visit(target: string): Promise<Received> {
    return this.send({ target, headers: NAVIGATION })
  }

  /** Posts a form from a page of the same origin. */
  post(target: string, form: string): Promise<Received> {
    const headers = [
      'Content-Type: application/x-www-form-urlencoded',
      'Sec-Fetch-Site: same-origin',
      `Origin: ${this.field.app.origin}`,
    ]
    return this.send({ method: 'POST', target, headers, body: form })
  }

  /** Starts a login and lets the provider answer it; `undefined` if the application does not redirect. */
  async startLogin(path: string, plan: Plan = {}): Promise<Authorized | undefined> {
    const [location] = headerLines(await this.visit(`/${path}/login`), 'location')
    const { origin } = this.field.provider
    if (location?.startsWith(`${origin}/`) !== true) return undefined
    const authorized = this.field.provider.authorize(location, this.person, plan)
    this.field.started.set(this.person, authorized)
    return authorized
  }

  /** Logs in as the attacker's own person; resolves to whether that has worked. */
  async logIn(path: string): Promise<boolean> {
    this.mayBe = this.person
    const login = await this.startLogin(path)
    if (login === undefined) return false
    await this.visit(pathOf(login.callback))
    return this.seesPage()
  }

  /** Whether a page behind `requireLogin` is shown. */
  async seesPage(): Promise<boolean> {
    const isShown = (await this.visit('/page')).statuses[0] === 200
    if (isShown) {
      this.field.findings.logins.count += 1
      this.#logins.add(this.cookieHeader())
    }
    return isShown
  }

  /**
   * Logs out wherever it is logged in. What is kept for logins that live would otherwise look as if the memory grew.
   */
  async leave(): Promise<void> {
    this.mayBe = this.person
    if (this.jar.has('connect.sid')) this.#logins.add(this.cookieHeader())
    for (const cookies of this.#logins) {
      const headers = ['Sec-Fetch-Site: same-origin', `Origin: ${this.field.app.origin}`]
      await this.send({ method: 'POST', target: '/auth/logout', headers }, cookies)
    }
  }

  cookieHeader(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  #check(received: Received): void {
    const { findings, secrets } = this.field
    findings.requests.count += 1
    if (received.statuses.length === 0) count(findings.statuses, 'none')
    for (const status of received.statuses) count(findings.statuses, String(status))
    const [, code] = /\n(?:[\da-f]+\r\n)?(ERR_\w+|undefined): /.exec(received.text) ?? []
    if (code !== undefined) count(findings.codes, `${received.statuses[0] ?? 0} ${code}`)
    for (const wrong of wrongIn(received.text, secrets, this.mayBe)) {
      this.complain(wrong, received.text.slice(0, 2000))
    }
  }
}

/** Path and query of a URL. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}

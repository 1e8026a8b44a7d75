import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { expect } from '@jest/globals'
import { startTestProvider } from '../../src/testing.js'
import type { TestProvider } from '../../src/testing.js'
import { appsIn, readGuide } from './documentation.js'
import type { CodeBlock, Guide } from './documentation.js'
import { createGuideProject } from './guide-app.js'
import type { GuideProject } from './guide-app.js'
import { Browser, listen } from './http.js'
import type { Page, RunningServer } from './http.js'

/** A person at a provider. */
type Account = Readonly<{ key: string; name: string; email: string | null; sub?: string }>

/** People whom no other test knows. Ada has an account at each provider. */
interface People {
  readonly ada: Account
  readonly alice: Account
  readonly adaAtGitHub: Account
  readonly mallory: Account
}

type ProviderName = 'google' | 'github'

/** The application of docs/one-account-several-providers.md, with providers and people. */
export class OneAccountScene {
  /** The application of a test: the guide's as it is, or one with a mistake. */
  url = ''
  /** The guide's application, as it is. */
  right = ''
  browser = new Browser()
  /** What GitHub's API was asked. */
  calls: string[] = []
  /** With what it answers; `undefined` cuts the connection. */
  githubStatus: number | undefined = 204
  #met = 0
  people = this.newPeople()
  #databases = 0
  #githubApi: RunningServer | undefined

  private constructor(
    readonly guide: Guide,
    readonly project: GuideProject,
    readonly google: TestProvider,
    readonly github: TestProvider,
  ) {}

  static async create(): Promise<OneAccountScene> {
    const scene = new OneAccountScene(
      await readGuide('docs/one-account-several-providers.md'),
      await createGuideProject(),
      await startTestProvider(),
      await startTestProvider(),
    )
    await scene.#setUp()
    return scene
  }

  async #setUp(): Promise<void> {
    this.#githubApi = await listen((req, res) => {
      let body = ''
      req.on('data', (chunk: Buffer) => (body += chunk.toString()))
      req.on('end', () => {
        this.calls.push(`${req.method} ${req.url} ${body}`)
        if (this.githubStatus === undefined) res.destroy()
        else res.writeHead(this.githubStatus).end()
      })
    })
    // Making a database takes seconds: the apps get copies of this one.
    const empty = new PGlite(join(this.project.folder, 'empty'))
    await empty.waitReady
    await empty.close()
    this.right = await this.start()
  }

  reset(): void {
    this.google.reset()
    this.github.reset()
    this.calls = []
    this.githubStatus = 204
    this.browser = new Browser()
    this.people = this.newPeople()
    this.url = this.right
  }

  async close(): Promise<void> {
    await this.project.remove()
    await this.google.close()
    await this.github.close()
    await this.#githubApi?.close()
  }

  newPeople(): People {
    const met = (this.#met += 1)
    const atGoogle = (sub: string, name: string): Account => {
      const email = `${sub}@example.com`
      return Object.assign({ key: sub, name, email }, { sub, email_verified: true })
    }
    const atGitHub = (id: number, name: string): Account =>
      Object.assign({ key: String(id), name, email: null }, { id, login: name })
    return {
      ada: atGoogle(`ada-${met}`, `Ada ${met}`),
      alice: atGoogle(`alice-${met}`, `Alice ${met}`),
      adaAtGitHub: atGitHub(met, `Ada at GitHub ${met}`),
      mallory: atGitHub(1000 + met, `Mallory ${met}`),
    }
  }

  /** Runs the guide's application, with parts of its code replaced. */
  start(change: (code: string) => string = (code) => code): Promise<string> {
    const { google, github } = this
    const { authorizationURL, tokenURL, profileURL, issuer, jwksURL, revocationURL } =
      google.options
    const atGoogle = {
      ...{ authorizationURL, tokenURL, profileURL, issuer, jwksURL, revocationURL },
      providerSignatureAlgorithms: ['PS256'],
    }
    const atGitHub = {
      authorizationURL: github.options.authorizationURL,
      tokenURL: github.options.tokenURL,
      profileURL: github.options.profileURL,
    }
    return this.#run((code) =>
      change(code)
        .replace('...google,', `...google, ...${JSON.stringify(atGoogle)},`)
        .replace('...github,', `...github, ...${JSON.stringify(atGitHub)},`),
    )
  }

  /** Runs it as the guide says for people without accounts at the providers. */
  startWithTestProviders(): Promise<string> {
    const block = this.#blockOf('Without accounts at Google and GitHub')
      .replace('http://127.0.0.1:4000', this.google.options.issuer)
      .replace('http://127.0.0.1:4001', this.github.options.issuer)
    return this.#run((code) => {
      const without = code.replace('  github,\n  google,\n', '')
      expect(without).not.toBe(code)
      return block + without
    })
  }

  async #run(change: (code: string) => string): Promise<string> {
    const { clientID, clientSecret } = this.google.options
    const [app = missing()] = appsIn(this.guide)
    const code = change(app.code).replace('https://api.github.com', this.#githubApi?.origin ?? '')
    this.#databases += 1
    const database = join(this.project.folder, `data-${this.#databases}`)
    await cp(join(this.project.folder, 'empty'), database, { recursive: true })
    const { url } = await this.project.start({ ...app, code }, () => ({
      DATABASE_DIR: database,
      GOOGLE_CLIENT_ID: clientID,
      GOOGLE_CLIENT_SECRET: clientSecret,
      GITHUB_CLIENT_ID: clientID,
      GITHUB_CLIENT_SECRET: clientSecret,
      GRANT_SECRET: 'a secret of 32 characters or more',
    }))
    return url
  }

  /** Puts the function of a block of the guide in the place of the application's own. */
  withBlock(title: string): (code: string) => string {
    const block = this.#blockOf(title)
    const [, name = ''] = /async function (\w+)/.exec(block) ?? []
    const own = new RegExp(`async function ${name}\\(.*?\n}\n`, 's')
    return (code) => {
      expect(code).toMatch(own)
      return code.replace(own, () => block)
    }
  }

  #blockOf(title: string): string {
    const [, section = ''] = this.guide.text.split(`### ${title}\n`)
    return /```js\n(.*?)```/s.exec(section)?.[1] ?? ''
  }

  /** Who logs in at a provider from now on. */
  at(name: ProviderName, user: Account): void {
    this[name].user = user
  }

  /** Logs somebody in, and resolves to the user who they are then. */
  async logIn(name: ProviderName, user: Account, who = this.browser): Promise<string> {
    this.at(name, user)
    return userOn(await who.follow(`${this.url}/auth/${name}/login`))
  }

  connect(name: ProviderName, user: Account, who = this.browser): Promise<Page> {
    this.at(name, user)
    return who.follow(`${this.url}/auth/${name}/connect?return_to=/settings`)
  }

  /** Sends the form of a page that has this button. */
  async press({ text }: Page, button: string, who = this.browser): Promise<Page> {
    const forms = [...text.matchAll(/<form method="post" action="([^"]+)">(.*?)<\/form>/gs)]
    const [, action = '', inputs = ''] = forms.find(([form]) => form.includes(button)) ?? []
    expect(action).not.toBe('')
    const fields = [...inputs.matchAll(/name="(\w+)" value="([^"]*)"/g)]
    const values = Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]))
    const page = await who.post(this.url + action, values)
    return page.location === undefined ? page : who.follow(page.location)
  }
}

function missing(): CodeBlock {
  throw new Error('The guide has no app.')
}

/** Whose settings a page shows. */
export function userOn({ text }: Page): string {
  return /You are (.*?)</.exec(text)?.[1] ?? text
}

/** The accounts that a page of settings lists. */
export function listed({ text }: Page): string[] {
  return [...text.matchAll(/<li>(\w+: .*?) <form/g)].map(([, one = '']) => one)
}

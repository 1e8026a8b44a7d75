import { compileNest, filesIn, readPage } from './nest-guide.js'
import { startApp } from './started-app.js'

/** The headings of docs/nest.md whose files are the plain application and its tests. */
const PLAIN = ['The application', 'Testing']

/**
 * The applications of docs/nest.md, with a provider that they log people in at.
 *
 * @param folder that has the packages of one major of Nest
 * @param startTestProvider of the entry for testing
 * @param settings `isCommonJs`
 */
export async function createNestApps(folder, startTestProvider, settings) {
  const text = await readPage('nest.md')
  const plain = PLAIN.flatMap((heading) => filesIn(text, heading))
  const provider = await startTestProvider({ user: { sub: 'grace', name: 'Grace Hopper' } })
  const apps = []
  const compiled = []
  return {
    provider,
    text,
    plain,
    /** The plain application with some files changed; each change gets the code. */
    changed: (changes) =>
      plain.map(({ name, code }) => ({ name, code: changes[name]?.(code) ?? code })),
    /** Resolves to the main file of the compiled application. */
    async compile(files) {
      const project = await compileNest(folder, files, settings)
      compiled.push(project)
      return project.main
    },
    async start(main, env = {}) {
      const API_URL = `${provider.options.issuer}/userinfo`
      const app = await startApp(main, provider, { API_URL, ...env })
      apps.push(app)
      return app
    },
    async reset() {
      provider.reset()
      for (const one of apps.splice(0)) await one.close()
    },
    async close() {
      for (const { remove } of compiled) await remove()
      await provider.close()
    },
  }
}

/** Adds what a file of the guide is asked to have. */
export function adding(place, added) {
  return (code) => {
    if (!code.includes(place)) throw new Error(`There is no ${place}`)
    return code.replace(place, added)
  }
}

/** Applies one change after the other. */
export function all(...changes) {
  return (code) => changes.reduce((changed, change) => change(changed), code)
}

/** Adds options, and what they need of the package, to the strategy. */
export function withOptions(lines, ...names) {
  return all(
    adding(
      'import { AuthorizationCodeStrategy, ',
      `import { ${['AuthorizationCodeStrategy', ...names].join(', ')}, `,
    ),
    adding("name: 'provider',", `name: 'provider',\n${lines}`),
  )
}

/** Logs in by hand: what the callback answers. */
export async function callbackOf(origin) {
  const jar = new Map()
  let url = `${origin}/auth/login`
  for (let step = 0; step < 6; step++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = url.startsWith(origin) ? { cookie } : {}
    const answer = await fetch(url, { redirect: 'manual', headers })
    if (url.startsWith(origin)) {
      for (const one of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(one) ?? []
        jar.set(name, value)
      }
    }
    const location = answer.headers.get('location')
    if (location === null) return { status: answer.status, body: await answer.json() }
    url = new URL(location, url).href
  }
  throw new Error('Too many redirects')
}

import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from '@jest/globals'
import ts from 'typescript'

/** The house, from the ground up. A file imports only from the floors below its own; a type counts too. */
const FLOORS: readonly (readonly string[])[] = [
  // What things are called.
  ['digest.ts', 'errors.ts', 'types.ts'],
  // Other people's tools, and texts.
  ['provider-text.ts', 'tracing.ts'],
  // What may be shown.
  ['shown-values.ts'],
  // Who looks on.
  ['observation.ts'],
  // One thing each, and nobody else's.
  [
    'authorization-request.ts',
    'checks.ts',
    'client-keys.ts',
    'cookies.ts',
    'default-user.ts',
    'diagnostics.ts',
    'flow-inspector/fixes.ts',
    'flow-inspector/recorder.ts',
    'flow-inspector/script.ts',
    'flow-inspector/style.ts',
    'flow-inspector/visitors.ts',
    'grant-state.ts',
    'pages.ts',
    'return-to.ts',
    'sealing.ts',
    'session.ts',
    'single-flight.ts',
    'testing/grants.ts',
    'testing/log-in.ts',
    'testing/server.ts',
    'transport.ts',
  ],
  // What they are made into.
  [
    'authorization-response.ts',
    'client-authentication.ts',
    'dpop.ts',
    'guard-session-store.ts',
    'ledger/ledger.ts',
    'flow-inspector/diagram.ts',
    'lost-login.ts',
    'observed-browser.ts',
    'observed-parts.ts',
    'pending-logins/cookie.ts',
    'provider-answer.ts',
    'provider-jwt.ts',
    'providers/base-url.ts',
    'testing/client.ts',
    'testing/id-tokens.ts',
    'token-entry.ts',
  ],
  // The ledgers; the options; what is made of JWTs; requests with an access token.
  [
    'flow-inspector/page.ts',
    'id-token.ts',
    'ledger/memory.ts',
    'ledger/redis.ts',
    'options.ts',
    'pending-logins/session.ts',
    'resource.ts',
    'signed-response.ts',
    'testing/endpoints.ts',
  ],
  // The providers, which are options; the options' readers; what a login may be told.
  [
    'inherited-oauth2.ts',
    'login-options.ts',
    'option-readers.ts',
    'providers/apple.ts',
    'providers/askara.ts',
    'providers/auth0.ts',
    'providers/discord.ts',
    'providers/discover.ts',
    'providers/github.ts',
    'providers/gitlab.ts',
    'providers/google.ts',
    'providers/jiko.ts',
    'providers/keycloak.ts',
    'providers/linkedin.ts',
    'providers/microsoft.ts',
    'providers/okta.ts',
    'providers/salesforce.ts',
    'providers/slack.ts',
    'testing/provider.ts',
  ],
  // The options, read; Passport's side of an attempt.
  ['passport-actions.ts', 'settings.ts'],
  // Requests as the client; the provider's answers; what a request asks for.
  [
    'client-request.ts',
    'login-request.ts',
    'profile.ts',
    'provider-logout.ts',
    'token-response.ts',
  ],
  // The provider's endpoints.
  ['pushed-authorization-request.ts', 'revocation.ts', 'token-endpoint.ts'],
  // The way to the authorization endpoint; the tokens of one strategy in a session.
  ['authorization-endpoint.ts', 'session-tokens.ts'],
  // The strategies of one session.
  ['families.ts'],
  // What a strategy is made of.
  ['parts.ts'],
  // What the provider ends; how a login starts.
  ['backchannel-logout.ts', 'login-start.ts'],
  // How it is finished.
  ['login-finish.ts'],
  // Passport's face of it all.
  ['strategy.ts'],
  // The routes.
  ['flow-inspector/router.ts', 'require-login.ts', 'router.ts'],
  // The entries.
  ['flow-inspector.ts', 'index.ts', 'redis.ts', 'testing.ts'],
  // The command line: what it finds, and its first command.
  ['cli/finding.ts', 'cli/keygen.ts'],
  // Where a set-up is read from, and what is looked at.
  ['cli/provider-checks.ts', 'cli/redis-check.ts', 'cli/setup.ts'],
  ['cli/app-checks.ts'],
  // All of it.
  ['cli/doctor.ts'],
  ['cli/main.ts'],
  ['cli.ts'],
]

/** Packages that are one file's business: no other may import a value of theirs. */
const KEEPERS: Readonly<Record<string, readonly string[]>> = {
  '@opentelemetry/api': ['tracing.ts'],
  debug: ['diagnostics.ts'],
  undici: ['transport.ts'],
  express: ['flow-inspector/router.ts', 'router.ts'],
  passport: ['default-user.ts', 'router.ts'],
  'passport-oauth2': ['strategy.ts'],
  jose: [
    'client-keys.ts',
    'dpop.ts',
    'id-token.ts',
    'provider-jwt.ts',
    'sealing.ts',
    'testing/client.ts',
    'testing/id-tokens.ts',
    'token-endpoint.ts',
  ],
}

/** Looks at a certificate, by a connection that nothing is sent over. */
const CERTIFICATE_CHECK = [
  'cli/provider-checks.ts imports node:net',
  'cli/provider-checks.ts imports node:tls',
]

/** Modules by which a file could open a connection of its own. */
const WAYS_OUT = ['node:http', 'node:https', 'node:http2', 'node:net', 'node:tls', 'http', 'https']

const src = fileURLToPath(new URL('../src', import.meta.url))
const sources = new Map<string, string>()

beforeAll(async () => {
  const entries = await readdir(src, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name)
    sources.set(relative(src, path).split(sep).join('/'), await readFile(path, 'utf8'))
  }
})

/** What a file imports or re-exports, by any kind of import. */
function importsOf(source: string): string[] {
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName)
}

/** The same without `import type`, which leaves nothing behind at run time. */
function valueImportsOf(source: string): string[] {
  const options = { module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  return importsOf(ts.transpile(source, options))
}

function floorOf(file: string): number {
  return FLOORS.findIndex((floor) => floor.includes(file))
}

describe('the rooms', () => {
  it('have every file of the source on exactly one floor', () => {
    expect(FLOORS.flat().sort()).toEqual([...sources.keys()].sort())
  })

  it('are entered only from above: a file imports only from the floors below its own', () => {
    const trespasses = [...sources].flatMap(([file, source]) =>
      importsOf(source)
        .filter((name) => name.startsWith('.'))
        .map((name) =>
          normalize(join(dirname(file), name))
            .split(sep)
            .join('/'),
        )
        .map((name) => name.replace(/\.js$/, '.ts'))
        .filter((neighbour) => floorOf(neighbour) === -1 || floorOf(neighbour) >= floorOf(file))
        .map((neighbour) => `${file} imports ${neighbour}`),
    )
    expect(trespasses).toEqual([])
  })

  it('have one door to each package that is one room’s business', () => {
    const strangers = [...sources].flatMap(([file, source]) =>
      valueImportsOf(source)
        .filter((name) => Object.hasOwn(KEEPERS, name) && !KEEPERS[name]?.includes(file))
        .map((name) => `${file} imports ${name}`),
    )
    expect(strangers).toEqual([])
  })

  it('have one way out to the network: the transport', () => {
    const holes = [...sources].filter(isOfTheLibrary).flatMap(([file, source]) =>
      valueImportsOf(source)
        .filter((name) => WAYS_OUT.includes(name))
        .map((name) => `${file} imports ${name}`),
    )
    expect(holes).toEqual(CERTIFICATE_CHECK)
    const callers = [...sources]
      .filter(isOfTheLibrary)
      .filter(([, source]) => /(?<![.\w])fetch\(/.test(withoutComments(source)))
    // In `resource.ts` and `strategy.ts` it is the name of a method.
    expect(callers.map(([file]) => file).sort()).toEqual([
      'resource.ts',
      'strategy.ts',
      'transport.ts',
    ])
  })
})

/** The test provider is a server, and its browser is none of the application's. */
function isOfTheLibrary([file]: readonly [string, string]): boolean {
  return !file.startsWith('testing/')
}

function withoutComments(source: string): string {
  return ts.transpile(source, { module: ts.ModuleKind.ESNext, removeComments: true })
}

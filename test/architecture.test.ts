import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize, relative, sep } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import ts from 'typescript'
import { REPOSITORY } from './support/repository.js'

/**
 * The folders of `src`, from the top. A file imports from its own folder and from rows below; types count, too. The
 * folders of the first row stand beside the library and may use all of it.
 */
const ORDER: readonly (readonly string[])[] = [
  ['cli', 'testing', 'flow-inspector', 'connect'],
  ['passport'],
  ['diagnostics'],
  ['login'],
  ['grants'],
  ['session'],
  ['endpoints'],
  ['providers'],
  ['client'],
  ['options'],
  ['errors'],
  ['lib'],
]

/** The entries: lists of exports. `cli.ts` starts the command line. */
const ENTRIES = [
  'cli.ts',
  'connect.ts',
  'flow-inspector.ts',
  'index.ts',
  'postgres.ts',
  'redis.ts',
  'testing.ts',
]

const MAXIMUM_LINES = 300
/** Files on the longest chain of imports, from an entry to a file without imports. */
const MAXIMUM_CHAIN = 12
const MAXIMUM_FOLDERS = 15

/** Packages that are the subject of some files: no other may import a value from them. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  // Applications may lack it, and bundles have a copy of their own.
  '@opentelemetry/api': [],
  debug: ['diagnostics/watch.ts'],
  // Bun has a module of this name, in which agents do nothing.
  undici: [],
  'undici/index.js': ['client/agents.ts', 'connect/guarded-agent.ts'],
  'ipaddr.js': ['connect/public-address.ts'],
  express: [
    'connect/connect-router.ts',
    'flow-inspector/router.ts',
    'passport/route-handlers.ts',
    'passport/router.ts',
    'passport/strategy-routes.ts',
  ],
  passport: [
    'passport/authenticate.ts',
    'passport/default-user.ts',
    'passport/registered-strategies.ts',
    'passport/strategy-routes.ts',
  ],
  'passport-oauth2': ['passport/logout-strategy.ts'],
  jose: [
    'client/load-jose.ts',
    'endpoints/verify-provider-jwt.ts',
    'testing/client.ts',
    'testing/signing-keys.ts',
  ],
}

/** Modules with which a file could open a connection of its own. */
const NETWORK = ['node:http', 'node:https', 'node:http2', 'node:net', 'node:tls', 'http', 'https']

/** The doctor starts an application, and looks at a certificate: nothing is sent over that connection. */
const OF_THE_DOCTOR = [
  'cli/app-inspection.ts imports node:http',
  'cli/provider-checks.ts imports node:net',
  'cli/provider-checks.ts imports node:tls',
]

const src = join(REPOSITORY, 'src')
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

/** The same without `import type` and `export type`, which leave nothing behind at run time. */
function valueImportsOf(source: string): string[] {
  const types = /^(?:(?:import|export) type [^']*'[^']*'$|declare module '[^']*')/gm
  return importsOf(source.replaceAll(types, ''))
}

/** The files of `src` that a file imports. */
function neighboursOf(file: string): string[] {
  return importsOf(sources.get(file) ?? '')
    .filter((name) => name.startsWith('.'))
    .map((name) =>
      normalize(join(dirname(file), name))
        .split(sep)
        .join('/'),
    )
    .map((name) => name.replace(/\.js$/, '.ts'))
}

function folderOf(file: string): string {
  return dirname(file)
}

function rowOf(file: string): number {
  return ORDER.findIndex((row) => row.includes(folderOf(file)))
}

/** Whether a file beside the library uses it: as an application does, whose chains are its own. */
function leavesFirstRow(file: string, neighbour: string): boolean {
  return rowOf(file) === 0 && rowOf(neighbour) > 0
}

/** Whether a file may import from another. */
function mayImport(file: string, neighbour: string): boolean {
  if (folderOf(file) === '.') return folderOf(neighbour) !== '.'
  return folderOf(file) === folderOf(neighbour) || rowOf(neighbour) > rowOf(file)
}

describe('the folders', () => {
  it('are known, and few', () => {
    const folders = new Set([...sources.keys()].map(folderOf).filter((folder) => folder !== '.'))
    expect([...folders].sort()).toEqual(ORDER.flat().sort())
    expect(folders.size).toBeLessThanOrEqual(MAXIMUM_FOLDERS)
  })

  it('have nothing beside them but the entries', () => {
    const loose = [...sources.keys()].filter((file) => folderOf(file) === '.')
    expect(loose.sort()).toEqual(ENTRIES)
  })

  it('import only from folders below', () => {
    const upward = [...sources.keys()].flatMap((file) =>
      neighboursOf(file)
        .filter((neighbour) => !mayImport(file, neighbour))
        .map((neighbour) => `${file} imports ${neighbour}`),
    )
    expect(upward).toEqual([])
  })

  it('stand in docs/architecture.md in this order', async () => {
    const page = await readFile(join(REPOSITORY, 'docs', 'architecture.md'), 'utf8')
    const [, drawing = ''] = /```text\n(.*?)```/s.exec(page) ?? []
    const library = ORDER.slice(1).flat()
    const drawn = [...drawing.matchAll(/([a-z][a-z-]*)\/(?=\s)/g)].map(([, folder = '']) => folder)
    expect(drawn.filter((folder) => library.includes(folder))).toEqual(library)
    expect(drawn.slice(0, ORDER[0]?.length).sort()).toEqual([...(ORDER[0] ?? [])].sort())
  })
})

describe('the files', () => {
  it('are short', () => {
    const long = [...sources]
      .map(([file, source]) => [file, source.trimEnd().split('\n').length] as const)
      .filter(([, lines]) => lines > MAXIMUM_LINES)
    expect(long).toEqual([])
  })

  it('import each other in short chains, and never in a circle', () => {
    const longest = new Map<string, readonly string[]>()
    const chainFrom = (file: string, above: readonly string[]): readonly string[] => {
      if (above.includes(file)) throw new Error(`A circle: ${[...above, file].join(' > ')}`)
      const known = longest.get(file)
      if (known !== undefined) return known
      const below = neighboursOf(file)
        .map((neighbour) => [neighbour, chainFrom(neighbour, [...above, file])] as const)
        .filter(([neighbour]) => !leavesFirstRow(file, neighbour))
        .map(([, chain]) => chain)
      const [first = []] = below.sort((a, b) => b.length - a.length)
      const chain = [file, ...first]
      longest.set(file, chain)
      return chain
    }
    const chains = ENTRIES.map((entry) => chainFrom(entry, []))
    expect(chains.filter((chain) => chain.length > MAXIMUM_CHAIN)).toEqual([])
  })

  it('leave each package to those whose subject it is', () => {
    const others = [...sources].flatMap(([file, source]) =>
      valueImportsOf(source)
        .filter((name) => Object.hasOwn(OWNERS, name) && !OWNERS[name]?.includes(file))
        .map((name) => `${file} imports ${name}`),
    )
    expect(others).toEqual([])
  })

  it('send every request through the transport', () => {
    const library = [...sources].filter(([file]) => folderOf(file) !== 'testing')
    const imports = library.flatMap(([file, source]) =>
      valueImportsOf(source)
        .filter((name) => NETWORK.includes(name))
        .map((name) => `${file} imports ${name}`),
    )
    expect(imports).toEqual(OF_THE_DOCTOR)
    const callers = library.filter(([, source]) =>
      /(?<![.\w])fetch\(/.test(withoutComments(source)),
    )
    // In `requests.ts` and `grant-strategy.ts`, it is the name of a method.
    expect(callers.map(([file]) => file).sort()).toEqual([
      'client/requests.ts',
      'client/transport.ts',
      'passport/grant-strategy.ts',
    ])
  })
})

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*.*?\*\/|^ *\/\/[^\n]*/gms, '')
}

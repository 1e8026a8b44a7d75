import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { REPOSITORY } from '../support/repository.js'

/** What a package-lock.json says of one package. */
interface LockedPackage {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const manifest = (await readJson('package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}
const { packages } = (await readJson('package-lock.json')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>
}
const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(REPOSITORY, file), 'utf8'))
}

/** What is installed with the package, by its place in `node_modules`: its dependencies, and theirs. */
function productionTree(): ReadonlyMap<string, LockedPackage> {
  const found = new Map<string, LockedPackage>()
  visit('', manifest)
  return found

  function visit(place: string, { dependencies, optionalDependencies }: LockedPackage): void {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = placeOf(name, place)
      const one = packages[at]
      if (one === undefined || found.has(at)) continue
      found.set(at, one)
      visit(at, one)
    }
  }
}

/** Where Node.js finds a package that one at `place` asks for: the nearest `node_modules` that has it. */
function placeOf(name: string, place: string): string {
  const own = join(place, 'node_modules', name)
  if (own in packages || place === '') return own
  return placeOf(name, place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/'))))
}

const tree = productionTree()

describe('the production dependencies', () => {
  it('are each named in the README, with what they are for, and no others', () => {
    const [, rows = ''] = /^\| dependency \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)/m.exec(readme) ?? []
    const reasons = [...rows.matchAll(/^\| `([^`]+)` +\| (.+?) +\|$/gm)]
    const named = reasons.filter(([, , reason = '']) => reason.length > 10).map(([, name]) => name)
    expect(named.sort()).toEqual(Object.keys(manifest.dependencies).sort())
    for (const peer of Object.keys(manifest.peerDependencies)) expect(readme).toContain(peer)
  })

  it('bring few others, each known', () => {
    const names = [...tree.keys()].map((place) => place.replace(/^.*node_modules\//, ''))
    const code = names.filter((name) => !name.startsWith('@types/') && !isTypesOnly(name))
    expect(code.sort()).toEqual([
      'base64url',
      'debug',
      'ipaddr.js',
      'jose',
      'ms',
      'oauth',
      'oauth4webapi',
      'passport-oauth2',
      'passport-strategy',
      'uid2',
      'undici',
      'utils-merge',
    ])
  })

  it('run no script on install, nor do theirs', () => {
    expect(tree.size).toBeGreaterThan(Object.keys(manifest.dependencies).length)
    const scripted = [...tree].filter(([, { hasInstallScript }]) => hasInstallScript)
    expect(scripted.map(([place]) => place)).toEqual([])
  })
})

/** What Node.js’s types ask for, and nothing at run time. */
function isTypesOnly(name: string): boolean {
  return name === 'undici-types'
}

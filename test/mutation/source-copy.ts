import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { REPOSITORY } from '../support/repository.js'
import type { Mutant } from './mutant.js'

/** What is not copied: packages are linked, and no test reads the others. */
const LEFT_OUT: ReadonlySet<string> = new Set(['.git', 'bench', 'coverage', 'node_modules'])

/** A copy of the repository in a temporary folder, in which one file at a time can be changed. */
export interface SourceCopy {
  readonly folder: string
  /** Runs `work` while the copy has a mutant in it. */
  readonly withMutant: <Value>(mutant: Mutant, work: () => Promise<Value>) => Promise<Value>
  readonly remove: () => Promise<void>
}

/** Copies the repository. The working tree is never changed. */
export async function copySource(): Promise<SourceCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'mutation-'))
  for (const name of await readdir(REPOSITORY)) {
    if (!LEFT_OUT.has(name)) {
      await cp(join(REPOSITORY, name), join(folder, name), { recursive: true })
    }
  }
  await linkPackages(folder)
  return {
    folder,

    async withMutant({ also = [], ...first }, work) {
      const honest = new Map<string, string>()
      for (const { file, find, replace } of [first, ...also]) {
        const path = join(folder, 'src', file)
        const text = await readFile(path, 'utf8')
        if (!honest.has(path)) honest.set(path, text)
        await writeFile(
          path,
          text.replace(find, () => replace),
        )
      }
      try {
        return await work()
      } finally {
        for (const [path, text] of honest) await writeFile(path, text)
      }
    },

    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Links each package. A link for all of them would share the folder into which tests write what they build. */
async function linkPackages(folder: string): Promise<void> {
  const [from, to] = [join(REPOSITORY, 'node_modules'), join(folder, 'node_modules')]
  await mkdir(to)
  for (const name of await readdir(from)) {
    if (name !== '.cache') await symlink(join(from, name), join(to, name))
  }
}

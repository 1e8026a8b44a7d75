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

    async withMutant({ file, find, replace }, work) {
      const path = join(folder, 'src', file)
      const honest = await readFile(path, 'utf8')
      await writeFile(
        path,
        honest.replace(find, () => replace),
      )
      try {
        return await work()
      } finally {
        await writeFile(path, honest)
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

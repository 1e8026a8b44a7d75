import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findFreePort, startProgram } from './child-process.js'
import { REPOSITORY } from './repository.js'
import { toJavaScript } from './to-javascript.js'
import type { CodeBlock } from './documentation.js'

/** A folder in which code from the documentation runs as it would in a reader's own project. */
export interface GuideProject {
  readonly folder: string
  /** Writes a file into it. */
  write(name: string, text: string): Promise<string>
  /** Runs a block of code that is a whole app. `environment` is made when its address is known. */
  start(block: CodeBlock | undefined, environment: EnvironmentOf): Promise<GuideApp>
  /** Ends all its apps, and removes it. */
  remove(): Promise<void>
}

/** An app that runs. */
export interface GuideApp {
  /** Such as `http://localhost:54321`. */
  readonly url: string
  readonly port: number
}

type Environment = Readonly<Record<string, string>>
type EnvironmentOf = (app: GuideApp) => Environment | Promise<Environment>

/** Makes such a folder: with the package as it was built, and all others as they are here. */
export async function createGuideProject(): Promise<GuideProject> {
  const folder = await mkdtemp(join(tmpdir(), 'guide-'))
  const manifest = await readFile(join(REPOSITORY, 'package.json'), 'utf8')
  const { name, exports } = JSON.parse(manifest) as { name: string; exports: object }
  // A package finds itself by its own name.
  // Under another name: the `dist` of a reader's project is their own.
  const built = JSON.stringify(exports).replaceAll('./dist/', './package-dist/')
  const own = { name, exports: JSON.parse(built) as object, type: 'module' }
  await writeFile(join(folder, 'package.json'), JSON.stringify(own))
  await symlink(join(REPOSITORY, 'dist'), join(folder, 'package-dist'), 'dir')
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'), 'dir')
  const running = new Set<{ stop(): Promise<void> }>()
  let written = 0

  async function write(file: string, text: string): Promise<string> {
    const path = join(folder, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    return path
  }

  return {
    folder,
    write,

    async start(block, environment) {
      if (block === undefined) throw new Error('The guide has no such app.')
      const port = await findFreePort()
      const app = { url: `http://localhost:${port}`, port }
      const own = await environment(app)
      written += 1
      const file = await write(`app-${written}.mjs`, toJavaScript(block.code))
      const program = await startProgram(
        file,
        { PORT: String(port), APP_URL: app.url, SESSION_SECRET: 'a secret of a test', ...own },
        'Open',
      )
      running.add(program)
      return app
    },

    async remove() {
      for (const program of running) await program.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

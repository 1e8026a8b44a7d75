import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort, startProgram } from '../../support/child-process.js'
import type { RunningProgram } from '../../support/child-process.js'
import type { CodeBlock } from '../../support/documentation.js'

type Environment = Readonly<Record<string, string>>

/** A folder with an application of a guide, as a reader has it: its files, and its packages. */
export interface GuideFolder {
  /** Writes the blocks that have a file's name over what is there. */
  write(blocks: readonly CodeBlock[]): Promise<void>
  /** Starts `app.js`, always at the same address. */
  start(environment: Environment): Promise<RunningProgram>
  /** Runs a script to its end. Resolves to what it printed. @throws {Error} if its exit code is not 0 */
  run(script: string, environment: Environment): Promise<string>
  /** The address of its application. */
  readonly url: string
  remove(): Promise<void>
}

/** Makes a folder with the packages that `test/ecosystem/moving-over` has installed. */
export async function createGuideFolder(): Promise<GuideFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'moving-over-'))
  const packages = fileURLToPath(new URL('../moving-over/node_modules', import.meta.url))
  await symlink(packages, join(folder, 'node_modules'), 'dir')
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const own = { APP_URL: url, PORT: String(port) }

  return {
    url,
    async write(blocks) {
      for (const { file, code } of blocks) {
        if (file !== undefined) await writeFile(join(folder, file), code)
      }
    },
    start: (environment) =>
      startProgram(join(folder, 'app.js'), { ...own, ...environment }, 'Open'),
    async run(script, environment) {
      const child = spawn(process.execPath, [script], {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...own, ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
      }
      const [code] = (await once(child, 'close')) as [number | null]
      if (code !== 0) throw new Error(`${script} ended with ${String(code)}:\n${output}`)
      return output
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'docs')

const COMPILER_OPTIONS = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  target: 'es2023',
  types: ['node'],
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  strict: true,
  skipLibCheck: true,
  outDir: 'dist',
  rootDir: 'src',
}

/** The files of a page of `docs/`: those whose name stands before them; a name that comes again replaces the first. */
export async function filesIn(page) {
  const text = await readFile(join(docs, page), 'utf8')
  return [...text.matchAll(/^In a file `src\/([\w.]+)`:\n\n```ts\n(.*?)^```$/gms)].map(
    ([, name, code]) => ({ name, code }),
  )
}

/**
 * Compiles files as `nest build` does, in a folder below `folder`, whose packages they use.
 *
 * @param files each with a `name` and its `code`
 * @throws {Error} with what the compiler says
 */
export async function compileNest(folder, files) {
  const project = await mkdtemp(join(folder, 'compiled-'))
  const remove = () => rm(project, { recursive: true, force: true })
  try {
    await mkdir(join(project, 'src'))
    for (const { name, code } of files) await writeFile(join(project, 'src', name), code)
    await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }))
    await symlink(join(folder, 'node_modules'), join(project, 'node_modules'))
    const tsconfig = { compilerOptions: COMPILER_OPTIONS, include: ['src'] }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig))
    const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc')
    await run(process.execPath, [tsc, '-p', project])
    return { main: join(project, 'dist', 'main.js'), remove }
  } catch (error) {
    await remove()
    throw new Error(error.stdout || error.message, { cause: error })
  }
}

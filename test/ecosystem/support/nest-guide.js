import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const docs = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'docs')

/** As `nest new` writes them, and stricter. */
const COMPILER_OPTIONS = {
  module: 'nodenext',
  moduleResolution: 'nodenext',
  target: 'ES2023',
  types: ['node'],
  esModuleInterop: true,
  isolatedModules: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  strict: true,
  skipLibCheck: true,
  outDir: 'dist',
  rootDir: 'src',
}

/** The text of a page of `docs/`. */
export function readPage(page) {
  return readFile(join(docs, page), 'utf8')
}

/** The files of a page, or of the part of it below a heading: those whose name stands before them. */
export function filesIn(text, heading) {
  return [
    ...sectionOf(text, heading).matchAll(/^In a file `([\w./-]+)`:\n\n```\w+\n(.*?)^```$/gms),
  ].map(([, name, code]) => ({ name, code }))
}

/** The lines that a section adds to the options of the strategy. */
export function addedOptions(text, heading) {
  const [, lines] = /as above\n(.*?)^}\)$/ms.exec(sectionOf(text, heading)) ?? []
  if (lines === undefined) throw new Error(`${heading} adds no options`)
  return lines
}

function sectionOf(text, heading) {
  const section =
    heading === undefined ? text : text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`There is no ${heading}`)
  return section
}

/**
 * Writes files as an application in a folder below `folder`, whose packages they use.
 *
 * @param files each with a `name`, such as `src/main.ts`, and its `code`; a name that comes again replaces the first
 * @param settings `isCommonJs`: as in Nest 11, with what the guide says about it; `packageJson`: more for that file
 */
export async function writeNest(folder, files, { isCommonJs = false, packageJson = {} } = {}) {
  const project = await mkdtemp(join(folder, 'compiled-'))
  const own = isCommonJs ? withoutExtensions : (code) => code
  for (const { name, code } of files) {
    const file = join(project, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, name.endsWith('.ts') ? own(code) : code)
  }
  const type = isCommonJs ? 'commonjs' : 'module'
  await writeFile(join(project, 'package.json'), JSON.stringify({ type, ...packageJson }))
  await symlink(join(folder, 'node_modules'), join(project, 'node_modules'))
  const tsconfig = {
    compilerOptions: COMPILER_OPTIONS,
    include: ['src'],
    exclude: ['src/**/*.spec.ts'],
  }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig))
  return {
    project,
    main: join(project, 'dist', 'main.js'),
    remove: () => rm(project, { recursive: true, force: true }),
  }
}

/** "Leave `.js` out of the imports of your own files." */
function withoutExtensions(code) {
  return code.replaceAll(/(from '\.\.?\/[^']*)\.js'/g, "$1'")
}

/**
 * Writes files, and compiles them as `nest build` does.
 *
 * @throws {Error} with what the compiler says
 */
export async function compileNest(folder, files, settings) {
  const written = await writeNest(folder, files, settings)
  try {
    const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc')
    await run(process.execPath, [tsc, '-p', written.project])
    return written
  } catch (error) {
    await written.remove()
    throw new Error(error.stdout || error.message, { cause: error })
  }
}

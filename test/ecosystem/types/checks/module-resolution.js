import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const folder = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Each compiler, a `moduleResolution` that it knows, and what the application's files are. From CommonJS, `node16` imports
 * no ES module, and `nodenext` does since TypeScript 5.8.
 */
const SETTINGS = [
  ['typescript-5.4', 'node10', 'commonjs'],
  ['typescript-5.4', 'bundler', 'module'],
  ['typescript-5.9', 'node10', 'commonjs'],
  ['typescript-5.9', 'node16', 'module'],
  ['typescript-5.9', 'nodenext', 'commonjs'],
  ['typescript-6', 'nodenext', 'commonjs'],
  ['typescript-6', 'nodenext', 'module'],
  ['typescript-6', 'bundler', 'module'],
  ['typescript-7', 'nodenext', 'module'],
  ['typescript-7', 'bundler', 'module'],
]

/** The `module` that goes with a `moduleResolution`. */
const MODULES = { node10: 'commonjs', node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' }

/** Compilers for what does not depend on the `moduleResolution`. */
const USERS = [
  ['typescript-5.9', 'node10', 'commonjs'],
  ['typescript-6', 'nodenext', 'module'],
]

describe('every entry is found, with its types,', { concurrency: 2 }, () => {
  for (const setting of SETTINGS) {
    it(`by ${setting.join(', ')}`, () => compile('app.ts', setting))
  }
})

describe('req.user and accountOf are what they are', { concurrency: 2 }, () => {
  for (const setting of USERS) {
    it(`with verify, by ${setting.join(', ')}`, () => compile('verify.ts', setting))
    it(`without verify, by ${setting.join(', ')}`, () => compile('default-user.ts', setting))
  }
})

/** @throws {Error} with what the compiler prints, if it has complaints */
async function compile(file, [compiler, moduleResolution, type]) {
  const project = await mkdtemp(join(folder, 'compiled-'))
  try {
    await cp(join(folder, 'consumers', file), join(project, file))
    await writeFile(join(project, 'package.json'), JSON.stringify({ type }))
    const compilerOptions = {
      module: MODULES[moduleResolution],
      moduleResolution,
      target: 'es2022',
      lib: ['es2023'],
      types: ['node'],
      esModuleInterop: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
      noEmit: true,
    }
    const tsconfig = { compilerOptions, files: [file] }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig))
    const tsc = join(folder, 'node_modules', compiler, 'bin', 'tsc')
    await run(process.execPath, [tsc, '-p', project])
  } catch (error) {
    throw new Error(error.stdout || error.message, { cause: error })
  } finally {
    await rm(project, { recursive: true, force: true })
  }
}

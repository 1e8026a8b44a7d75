// Makes dist/ of src/: the type declarations of every file, and the JavaScript of each entry, with what entries share in
// files of its own (dist/shared). Hundreds of small files would take four times as long to load. With --clean
// everything is made anew.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, URL } from 'node:url'
import { build } from 'esbuild'

const repository = fileURLToPath(new URL('..', import.meta.url))
const src = join(repository, 'src')
const dist = join(repository, 'dist')

if (process.argv.includes('--clean')) rmSync(dist, { recursive: true, force: true })
declareTypes()
if (!process.exitCode) await bundle()

/** What has not changed since the last time is not compiled again. */
function declareTypes() {
  removeOldDeclarations()
  const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
  const args = [tsc, '--build', join(repository, 'tsconfig.build.json')]
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1
}

function removeOldDeclarations() {
  if (!existsSync(dist)) return
  const sources = new Set(namesIn(src, '.ts'))
  const declared = new Set(namesIn(dist, '.d.ts'))
  for (const name of declared) if (!sources.has(name)) rmSync(join(dist, `${name}.d.ts`))
  // The compiler believes its notes, also about a file that somebody has deleted since.
  const isComplete = [...sources].every((name) => declared.has(name))
  if (!isComplete) rmSync(join(dist, '.tsbuildinfo'), { force: true })
}

async function bundle() {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: readdirSync(src)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(src, name)),
    outdir: dist,
    chunkNames: 'shared/[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    metafile: true,
  })
  const made = new Set(Object.keys(metafile.outputs).map((file) => join(repository, file)))
  for (const ending of ['.js', '.js.map']) {
    const files = namesIn(dist, ending).map((name) => join(dist, name + ending))
    for (const file of files) if (!made.has(file)) rmSync(file)
  }
}

/** The files under a folder that end like this, without the ending. */
function namesIn(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
}

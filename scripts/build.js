// Compiles src/ to dist/. What has not changed is not compiled again; what a source that is gone has left
// in dist/ is removed. With --clean everything is made anew.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, URL } from 'node:url'

const repository = fileURLToPath(new URL('..', import.meta.url))
const dist = join(repository, 'dist')

if (process.argv.includes('--clean')) rmSync(dist, { recursive: true, force: true })
removeLeftovers()
const tsc = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
const args = [tsc, '--build', join(repository, 'tsconfig.build.json')]
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
process.exitCode = status ?? 1

function removeLeftovers() {
  if (!existsSync(dist)) return
  const sources = namesIn(join(repository, 'src'), /\.ts$/)
  const compiled = namesIn(dist, /\.(js|js\.map|d\.ts)$/)
  for (const [name, files] of compiled) {
    if (!sources.has(name)) for (const file of files) rmSync(join(dist, file))
  }
  // The compiler believes its notes, also about a file that somebody has deleted since.
  const isComplete = [...sources.keys()].every((name) => compiled.get(name)?.length === 3)
  if (!isComplete) rmSync(join(dist, '.tsbuildinfo'), { force: true })
}

/** The files under a folder that end like this, by their names without the ending. */
function namesIn(folder, ending) {
  const names = new Map()
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!ending.test(file)) continue
    const name = file.replace(ending, '')
    names.set(name, [...(names.get(name) ?? []), file])
  }
  return names
}

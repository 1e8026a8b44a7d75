import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { REPOSITORY } from './repository.js'

/**
 * Makes one JavaScript file of a TypeScript file and all it imports but packages, and returns its path.
 * Processes start sooner with it than with a loader that compiles file by file in each of them.
 */
export function bundle(file: string): string {
  // Below node_modules, so that packages are found. Each worker of Jest has its own, which no other overwrites.
  const folder = join(REPOSITORY, 'node_modules', '.cache', 'test-bundles')
  const worker = process.env['JEST_WORKER_ID'] ?? '0'
  const outfile = join(folder, worker, `${file.replace(/\W+/g, '-')}.mjs`)
  buildSync({
    entryPoints: [join(REPOSITORY, file)],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2023',
    logLevel: 'warning',
  })
  return outfile
}

import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import nodeResolve from '@rollup/plugin-node-resolve'
import { build } from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import webpack from 'webpack'

const run = promisify(execFile)
const ncc = createRequire(import.meta.url).resolve('@vercel/ncc/dist/ncc/cli.js')

/** What esbuild's documentation and many answers say for packages that call `require` in an ES module. */
const BANNER =
  "import { createRequire as topLevelCreateRequire } from 'node:module'; const require = topLevelCreateRequire(import.meta.url);"

/** How each bundler makes one file of an application with all of its packages: from `entry` to a file in `folder`. */
export const BUNDLERS = {
  async 'esbuild, an ES module with a banner'(entry, folder) {
    const outfile = join(folder, 'app.mjs')
    const output = { outfile, format: 'esm', banner: { js: BANNER } }
    await build({ entryPoints: [entry], bundle: true, platform: 'node', ...output })
    return outfile
  },

  async 'esbuild, CommonJS'(entry, folder) {
    const outfile = join(folder, 'app.cjs')
    const warnings = { logLevel: 'silent' }
    const output = { outfile, format: 'cjs', minify: true }
    await build({ entryPoints: [entry], bundle: true, platform: 'node', ...output, ...warnings })
    return outfile
  },

  async webpack(entry, folder) {
    const output = { path: folder, filename: 'app.cjs' }
    // Not minimized, because that takes a minute on a small machine.
    const options = { mode: 'production', optimization: { minimize: false } }
    const compiler = webpack({ entry, target: 'node20', output, ...options })
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    if (stats.hasErrors()) throw new Error(stats.toString('errors-only'))
    return join(folder, 'app.cjs')
  },

  async rollup(entry, folder) {
    const file = join(folder, 'app.mjs')
    // undici requires node:sqlite when it is used, and rollup would at the start. Node.js 20 does not have it.
    const required = commonjs({ ignore: ['node:sqlite'] })
    const plugins = [nodeResolve({ preferBuiltins: true }), required, json()]
    const bundle = await rollup({ input: entry, plugins, onwarn: () => undefined })
    await bundle.write({ file, format: 'es', inlineDynamicImports: true })
    await bundle.close()
    return file
  },

  async rolldown(entry, folder) {
    const file = join(folder, 'app.mjs')
    const bundle = await rolldown({ input: entry, platform: 'node', logLevel: 'silent' })
    await bundle.write({ file, format: 'esm', codeSplitting: false })
    await bundle.close()
    return file
  },

  async ncc(entry, folder) {
    await run(process.execPath, [ncc, 'build', entry, '--out', folder])
    return join(folder, 'index.js')
  },
}

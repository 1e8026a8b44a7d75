#!/usr/bin/env node
import { main } from './cli/main.js'

const exitCode = await main(process.argv.slice(2), {
  env: process.env,
  // As far above `dist` as above `src`.
  packageFile: new URL('../package.json', import.meta.url),
  print: (line) => process.stdout.write(`${line}\n`),
  say: (line) => process.stderr.write(`${line}\n`),
})

// The module of `--config` may keep a connection or a timer open, so the process has to be ended. The callback runs
// once the output has been written.
process.stdout.write('', () => process.exit(exitCode))

#!/usr/bin/env node
import { main } from './cli/main.js'

const exitCode = await main(process.argv.slice(2), {
  env: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  say: (line) => process.stderr.write(`${line}\n`),
})

// A module of the application's may keep something open. What was written is to get out before.
process.stdout.write('', () => process.exit(exitCode))

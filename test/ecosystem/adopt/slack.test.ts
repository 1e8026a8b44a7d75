import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'

// In a process of its own: the Passport that it loads changes the requests of all tests.
const PROGRAM = `
  const { Strategy } = require('passport-slack')
  const { adopt } = require('../../../dist/index.js')
  const strategy = new Strategy({ clientID: 'CLIENT_ID', clientSecret: 'CLIENT_SECRET' }, () => {})
  try {
    adopt(strategy)
  } catch ({ code, message }) {
    console.log(JSON.stringify({ code, message }))
  }
`

describe('passport-slack', () => {
  it('is refused, because it loads Passport 0.1, and Passport 0.7 could log nobody in', () => {
    const cwd = dirname(fileURLToPath(import.meta.url))
    const printed = execFileSync(process.execPath, ['-e', PROGRAM], { cwd, encoding: 'utf8' })
    expect(JSON.parse(printed)).toEqual({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining("'slack' extends passport-oauth 0.1"),
    })
  })
})

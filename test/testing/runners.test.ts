import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { REPOSITORY } from '../support/compile.js'

const run = promisify(execFile)

const APP = `
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { AuthorizationCodeStrategy, authRouter, requireLogin } from 'passport-authorization-code'

export function createApp(provider) {
  const callbackURL = 'https://app.example/auth/callback'
  const strategy = new AuthorizationCodeStrategy({ ...provider, callbackURL })
  const app = express()
  app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
  app.use(passport.session())
  app.use('/auth', authRouter(strategy))
  app.get('/me', requireLogin({ loginPath: '/auth/login' }), (req, res) => res.json(req.user))
  return app
}
`

const TEST = `
import assert from 'node:assert/strict'
import { logInAgent, startTestProvider } from 'passport-authorization-code/testing'
import request from 'supertest'
import { createApp } from './app.mjs'

test('shows people who they are', async () => {
  const provider = await startTestProvider({ user: { sub: 'grace' } })
  const agent = await logInAgent(request.agent(createApp(provider.options)), '/auth/login')
  const { body } = await agent.get('/me')
  assert.equal(body.id, 'grace')
  await provider.close()
})
`

/** What each runner needs before the test, and how it is run. */
const RUNNERS: Readonly<Record<string, readonly [string, readonly string[], RegExp]>> = {
  'node:test': [`import { test } from 'node:test'`, ['--test'], /# pass 1|pass 1/],
  Vitest: [
    `import { test } from 'vitest'`,
    [join('node_modules', 'vitest', 'vitest.mjs'), 'run'],
    /1 passed/,
  ],
  Jest: [
    `import { test } from '@jest/globals'`,
    ['--experimental-vm-modules', join('node_modules', 'jest', 'bin', 'jest.js')],
    /1 passed/,
  ],
}

let folder: string

beforeAll(async () => {
  // The package as it was built, and all others as they are here.
  folder = await mkdtemp(join(tmpdir(), 'runners-'))
  const { default: own } = await import('../../package.json', { with: { type: 'json' } })
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'), 'dir')
  const { name, exports } = own
  const jest = { testMatch: ['**/*.test.mjs'], transform: {} }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, exports, jest }))
  await symlink(join(REPOSITORY, 'dist'), join(folder, 'dist'), 'dir')
  await writeFile(join(folder, 'app.mjs'), APP)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a test of somebody’s own application', () => {
  it.each(Object.keys(RUNNERS))(
    'runs under %s',
    async (name) => {
      const [head = '', command = [], success = /^$/] = RUNNERS[name] ?? []
      await writeFile(join(folder, 'own.test.mjs'), head + TEST)
      const { stdout, stderr } = await run(process.execPath, command, {
        cwd: folder,
        // Not the runner's that runs this test.
        env: { PATH: process.env['PATH'], NO_COLOR: '1' },
      })
      expect(stdout + stderr).toMatch(success)
    },
    60_000,
  )

  it('has fewer than 20 lines', () => {
    expect(TEST.trim().split('\n').length + 1).toBeLessThan(20)
  })
})

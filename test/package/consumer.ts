/** Strict, and the declarations of all packages are checked too. */
export const CONSUMER_TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['readme.mts', 'readme.cts'],
}

/** Starts an application on a free port, starts a login there, and looks at where that leads. */
const useIt = `
const strategy = new AuthorizationCodeStrategy({
  ...askara,
  clientID: 'client-1',
  clientSecret: 'secret-1',
  callbackURL: 'https://app.example/auth/askara/callback',
})
const app = express()
app.use(session({ secret: 'a test', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.use('/auth/askara', authRouter(strategy))
app.get('/me', requireLogin({ loginPath: '/auth/askara/login' }), (req, res) => res.json(req.user))

const server = app.listen(0, '127.0.0.1', async () => {
  const origin = 'http://127.0.0.1:' + server.address().port
  const login = await fetch(origin + '/auth/askara/login', { redirect: 'manual' })
  const to = new URL(login.headers.get('location'))
  assert.equal(login.status, 302)
  assert.equal(to.origin + to.pathname, askara.authorizationURL)
  assert.equal(to.searchParams.get('redirect_uri'), 'https://app.example/auth/askara/callback')
  assert.equal((await fetch(origin + '/me')).status, 401)
  assert.throws(() => new AuthorizationCodeStrategy({ ...askara }), ConfigurationError)
  server.close()
})
`

const NAMES = 'askara, AuthorizationCodeStrategy, authRouter, ConfigurationError, requireLogin'

/** The same small program for both module systems. */
export const CONSUMER = {
  esm: `
import assert from 'node:assert/strict'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import { ${NAMES} } from 'passport-authorization-code'
import { createRequire } from 'node:module'
import { flowInspector } from 'passport-authorization-code/flow-inspector'
import { startTestProvider } from 'passport-authorization-code/testing'
${useIt}
const required = createRequire(import.meta.url)('passport-authorization-code')
assert.equal(required.AuthorizationCodeStrategy, AuthorizationCodeStrategy)
assert.equal(typeof flowInspector, 'function')
const provider = await startTestProvider()
assert.equal((await fetch(provider.options.jwksURL)).status, 200)
await provider.close()
`,
  commonjs: `
const assert = require('node:assert/strict')
const express = require('express')
const session = require('express-session')
const passport = require('passport')
const { ${NAMES} } = require('passport-authorization-code')
${useIt}
`,
} as const

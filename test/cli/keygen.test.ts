import '../support/own-realm.js'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  CompactEncrypt,
  calculateJwkThumbprint,
  createLocalJWKSet,
  importJWK,
  jwtVerify,
} from 'jose'
import type { JSONWebKeySet } from 'jose'
import { startAuthorizationServer } from '../../example-app/authorization-server.js'
import { jiko } from '../../src/index.js'
import { createClientKeys } from '../../src/client/client-keys.js'
import { createDecryption } from '../../src/client/decryption-keys.js'
import { startApp } from '../support/app.js'
import { runCommand } from '../support/command-line.js'
import { REPOSITORY } from '../support/repository.js'
import { logInByForms } from '../support/example-app.js'
import { Browser, listen } from '../support/http.js'
import { bodyOf } from '../support/login.js'

const run = promisify(execFile)
let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keygen-'))
  file = join(folder, 'key.pem')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function keygen(...args: readonly string[]): Promise<JSONWebKeySet> {
  const { exitCode, printed, said } = await runCommand(['keygen', '--out', file, ...args])
  expect([exitCode, said]).toEqual([0, expect.stringContaining(file)])
  return JSON.parse(printed) as JSONWebKeySet
}

describe('keygen', () => {
  it.each(['PS256', 'ES256', 'EdDSA'] as const)(
    'makes a key for %s that nobody else can read, and prints its public half',
    async (alg) => {
      const keys = await keygen('--alg', alg)
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      const [jwk = { kty: '' }] = keys.keys
      expect(jwk).toMatchObject({ alg, use: 'sig', kid: await calculateJwkThumbprint(jwk) })
      expect(Object.keys(jwk)).not.toContain('d')

      const privateKey = await readFile(file, 'utf8')
      const signed = await createClientKeys({ privateKey }).sign({ sub: 'a' }, 'JWT')
      const { protectedHeader } = await jwtVerify(signed, createLocalJWKSet(keys))
      expect(protectedHeader.alg).toBe(alg)
    },
  )

  it.each(['RSA-OAEP-256', 'ECDH-ES'])(
    'makes a key for %s, with which only we can decrypt what others encrypt',
    async (alg) => {
      const { keys } = await keygen('--alg', alg, '--kid', 'enc-1')
      const [jwk = { kty: '' }] = keys
      expect(jwk).toMatchObject({ alg, use: 'enc', kid: 'enc-1' })
      expect(Object.keys(jwk)).not.toContain('d')

      const encrypted = await new CompactEncrypt(new TextEncoder().encode('secret'))
        .setProtectedHeader({ alg, enc: 'A256GCM', kid: 'enc-1' })
        .encrypt(await importJWK(jwk))
      const key = await readFile(file, 'utf8')
      expect(await createDecryption({ key, kid: 'enc-1' }).decrypt(encrypted)).toBe('secret')
    },
  )

  it('makes a key that logs a person in with Jiko', async () => {
    const clientKeys = await keygen('--kid', 'my-key')
    // The provider wants to know the callback before the application has a port.
    const behind = { origin: '' }
    const front = await listen((req, res) => {
      res.writeHead(307, { location: `${behind.origin}${req.url ?? ''}` }).end()
    })
    const callbackURL = `${front.origin}/auth/callback`
    const server = await startAuthorizationServer({
      clientKeys,
      callbackURLs: { jiko: callbackURL },
    })
    const { authorizationURL, tokenURL, clientID, apiURL } = server.tenants.jiko
    const app = await startApp({
      strategy: {
        ...jiko,
        ...{ authorizationURL, tokenURL, clientID, callbackURL },
        privateKey: await readFile(file, 'utf8'),
        keyId: 'my-key',
      },
      routes: (routes, strategy) => {
        routes.get('/pockets', (req, res, next) => {
          strategy.fetch(req, apiURL).then((answer) => res.json(answer.status), next)
        })
      },
    })
    behind.origin = app.origin
    const browser = new Browser()
    await logInByForms(browser, app.loginURL)
    expect(app.errors).toEqual([])
    expect(bodyOf(await browser.visit(`${app.origin}/pockets`))).toBe(200)
    for (const one of [app, server, front]) await one.close()
  })

  it('writes over nothing', async () => {
    await writeFile(file, 'precious')
    const { exitCode, printed, said } = await runCommand(['keygen', '--out', file])
    expect([exitCode, printed]).toEqual([1, ''])
    expect(said).toBe(`${file} exists already, and is not overwritten.`)
    expect(await readFile(file, 'utf8')).toBe('precious')
  })

  it.each([
    [
      ['keygen', '--alg', 'HS256'],
      '--alg must be one of PS256, ES256, EdDSA, RSA-OAEP-256, ECDH-ES.',
    ],
    [['keygen', '--size', '1024'], "Unknown option '--size'"],
    [['keys'], "There is no command 'keys'"],
  ])('refuses %j', async (args, complaint) => {
    const { exitCode, said } = await runCommand(args)
    expect([exitCode, said]).toEqual([2, expect.stringContaining(complaint)])
  })
})

describe('the command', () => {
  it('runs as it is installed', async () => {
    const bin = join(REPOSITORY, 'dist', 'cli.js')
    const { stdout } = await run(process.execPath, [bin, 'keygen', '--out', file])
    expect(JSON.parse(stdout)).toHaveProperty('keys')
    await expect(run(process.execPath, [bin])).rejects.toMatchObject({ code: 2 })
    const help = await run(process.execPath, [bin, '--help'])
    expect(help.stdout).toContain('doctor')
  })
})

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { printable } from '../../src/cli/printable.js'
import { runCommand } from '../support/command-line.js'
import { listen } from '../support/http.js'

/** ESC, CSI as one character, line ends, a line of its own, and characters that turn the direction. */
const HOSTILE =
  '\u001b[2J\u009b31m\r\nok       all is well\u0085\u2028\u202e\u2066\u200b\u2060\u00ad\ufeff\u034f\u3164\u{e0041}'
const UNPRINTABLE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\p{Cf}\p{Default_Ignorable_Code_Point}]/u
const PASSWORD = 'the-password-of-somebody'

const running: (() => Promise<void>)[] = []
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doctor-prints-'))
})
afterEach(async () => {
  for (const close of running.splice(0)) await close()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function start(handle: RequestListener): Promise<string> {
  const server = await listen(handle)
  running.push(() => server.close())
  return server.origin
}

/** The address with a user name and the password in it. */
function withPassword(address: string): string {
  return address.replace('://', `://somebody:${PASSWORD}@`)
}

/** What `doctor` prints, as lines and as JSON. */
async function doctor(env: Record<string, string>, args: readonly string[] = []) {
  const lines = await runCommand(['doctor', ...args], env)
  const asJson = await runCommand(['doctor', '--json', ...args], env)
  const { findings } = JSON.parse(asJson.printed || '{"findings":[]}') as {
    findings: readonly { readonly seen: string; readonly cure?: string }[]
  }
  const texts = findings.flatMap(({ seen, cure = '' }) => [seen, cure])
  const all = [lines.printed, lines.said, asJson.printed, asJson.said, ...texts].join('\n')
  return { lines: lines.printed.split('\n'), findings, texts, all }
}

const CLIENT = {
  CLIENT_ID: 'client',
  CLIENT_SECRET: 'the-secret-of-the-client',
  CALLBACK_URL: 'http://127.0.0.1:1/auth/callback',
}

describe('doctor prints no password', () => {
  it.each([
    ['the same origin', (origin: string) => ({ CALLBACK_URL: `${origin}/auth/callback` })],
    ['another port', () => ({ CALLBACK_URL: 'http://127.0.0.1:1/auth/callback' })],
    ['another host', () => ({ CALLBACK_URL: 'https://app.example/auth/callback' })],
    ['a callback URL with one', () => ({ CALLBACK_URL: withPassword('https://app.example/') })],
    [
      'a callback URL that no browser opens',
      () => ({ CALLBACK_URL: withPassword('https://app.example/*') }),
    ],
    ['a provider with one', () => ({ ISSUER: withPassword('http://127.0.0.1:1') })],
  ])('of APP_URL, with %s', async (_title, more) => {
    const origin = await start((_req, res) => {
      res.setHeader('Set-Cookie', 'connect.sid=1; Secure; HttpOnly')
      res.end()
    })

    const { all, findings } = await doctor({
      ...CLIENT,
      PROVIDER: 'github',
      APP_URL: withPassword(origin),
      ...more(origin),
    })

    expect(findings.length).toBeGreaterThan(3)
    expect(all).not.toContain(PASSWORD)
    expect(all).not.toContain('somebody')
  })

  it('of an address, if the application repeats it alone', async () => {
    const origin = await start((_req, res) => {
      const query = new URLSearchParams({ client_id: PASSWORD, redirect_uri: 'https://a.example' })
      res.writeHead(302, {
        location: `https://github.com/login/oauth/authorize?${query.toString()}`,
        'set-cookie': `connect.${PASSWORD}=1; HttpOnly`,
      })
      res.end()
    })
    const { all } = await doctor({ ...CLIENT, PROVIDER: 'github', APP_URL: withPassword(origin) })
    expect(all).toContain('connect.…')
    expect(all).not.toContain(PASSWORD)
  })

  it('of addresses that are none', async () => {
    for (const value of [
      `https://somebody:${PASSWORD}/@app.example`,
      `https://somebody:${PASSWORD}@`,
      `http://somebody:${PASSWORD}@[`,
    ]) {
      const { all } = await doctor({
        ...CLIENT,
        APP_URL: value,
        ISSUER: value,
        CALLBACK_URL: value,
      })
      expect(all).not.toContain(PASSWORD)
    }
  })

  it('of Redis and PostgreSQL, which cannot be reached, hang up, or speak in tongues', async () => {
    const server = createServer((socket) => socket.end(`-ERR ${PASSWORD} ${HOSTILE}\r\n`))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    running.push(() => Promise.resolve(void server.close()))
    const { port } = server.address() as AddressInfo

    for (const host of ['127.0.0.1:1', `127.0.0.1:${port}`]) {
      const { all, texts } = await doctor({
        PROVIDER: 'github',
        ...CLIENT,
        REDIS_URL: withPassword(`redis://${host}`),
        DATABASE_URL: withPassword(`postgres://${host}/database?password=${PASSWORD}`),
        GRANT_SECRET: `${PASSWORD}-of-32-characters-or-more`,
      })
      expect(all).not.toContain(PASSWORD)
      expect(texts.filter((text) => UNPRINTABLE.test(text))).toEqual([])
    }
  })

  it('that was typed as an argument', async () => {
    for (const args of [
      ['doctor', `--client-secret=${PASSWORD}`],
      ['doctor', '--client-secret', PASSWORD],
      ['doctor', PASSWORD],
      ['doctor', '--', PASSWORD],
      ['doctor', `--json=${PASSWORD}`],
      ['doctor', `--${PASSWORD}`, 'x'].slice(0, 1).concat(`--redis-url=redis://:${PASSWORD}@host`),
      [`CLIENT_SECRET=${PASSWORD}`, 'doctor'],
      [`https://somebody:${PASSWORD}@app.example`],
      ['help', PASSWORD],
      ['help', `redis://:${PASSWORD}@host`],
      ['keygen', PASSWORD],
      ['sql', PASSWORD],
    ]) {
      const { exitCode, printed, said } = await runCommand(args)
      expect([args, exitCode, printed + said]).toEqual([
        args,
        2,
        expect.not.stringContaining(PASSWORD),
      ])
    }
  })
})

describe('doctor prints nothing that commands a terminal or makes a line of its own', () => {
  it('of the application’s redirect and cookies', async () => {
    const query = new URLSearchParams({ client_id: 'client', redirect_uri: `https://${HOSTILE}` })
    const locations = [
      `https://github.com/login/oauth/authorize?${query.toString()}`,
      `https://evil.example/\u009b31m?${query.toString()}`,
      '\u009b31m',
    ]
    for (const location of locations) {
      const origin = await start((_req, res) => {
        res.writeHead(302, {
          location,
          'set-cookie': [
            '\u009b31m\u0085name=1; HttpOnly; SameSite=Strict',
            '\u009b2J=2; HttpOnly',
          ],
        })
        res.end()
      })
      const { all, texts, lines } = await doctor({
        ...CLIENT,
        PROVIDER: 'github',
        APP_URL: origin,
        CALLBACK_URL: `${origin}/auth/callback`,
      })
      expect(texts.filter((text) => UNPRINTABLE.test(text))).toEqual([])
      expect(UNPRINTABLE.test(all.replaceAll('\n', ''))).toBe(false)
      expect(lines.filter((line) => line.startsWith('ok       all is well'))).toEqual([])
    }
  })

  it('of the provider’s metadata and errors', async () => {
    const origin = await start((req, res) => {
      res.setHeader('content-type', 'application/json')
      const base = `http://${req.headers.host ?? ''}`
      if (req.url?.startsWith('/.well-known') === true) {
        res.end(
          JSON.stringify({
            issuer: base,
            authorization_endpoint: `${base}/authorize`,
            token_endpoint: `${base}/token`,
            scopes_supported: [HOSTILE],
            code_challenge_methods_supported: ['S256'],
          }),
        )
      } else {
        const said = `${HOSTILE} ${CLIENT.CLIENT_SECRET}`
        res.writeHead(400).end(JSON.stringify({ error: said, error_description: said }))
      }
    })
    const { all, texts } = await doctor({ ...CLIENT, ISSUER: origin, SCOPE: `openid ${HOSTILE}` })
    expect(texts.filter((text) => UNPRINTABLE.test(text))).toEqual([])
    expect(all).not.toContain(CLIENT.CLIENT_SECRET)
  })

  it('of the metadata of another issuer, or of none', async () => {
    for (const metadata of [{ issuer: HOSTILE }, { [HOSTILE]: HOSTILE }, HOSTILE, { issuer: 5 }]) {
      const origin = await start((_req, res) => {
        res.setHeader('content-type', 'application/json')
        res.end(JSON.stringify(metadata))
      })
      const { texts } = await doctor({ ...CLIENT, ISSUER: origin })
      expect(texts.filter((text) => UNPRINTABLE.test(text))).toEqual([])
    }
  })

  it('of the environment and of arguments', async () => {
    const name = HOSTILE.replaceAll(/[\r\n]/g, '')
    const { texts } = await doctor({
      ...CLIENT,
      PROVIDER: HOSTILE,
      CALLBACK_URL: `http://127.0.0.1:1/${HOSTILE}`,
      LOGIN_PATH: `/${HOSTILE}`,
      APP_URL: 'http://127.0.0.1:1',
      DATABASE_URL: 'postgres://127.0.0.1:1/a',
      DATABASE_SCHEMA: HOSTILE,
    })
    expect(texts.filter((text) => UNPRINTABLE.test(text))).toEqual([])
    for (const args of [
      [HOSTILE],
      ['help', HOSTILE],
      ['doctor', `--${HOSTILE}`],
      ['doctor', `--config=${HOSTILE}`],
      ['keygen', '--out', join(folder, 'missing', name)],
      ['keygen', '--out', join(folder, name)],
      ['keygen', '--out', join(folder, name)],
      ['sql', '--schema', HOSTILE],
    ]) {
      const { printed, said } = await runCommand(args)
      const hasHostile = (text: string) => UNPRINTABLE.test(text.replaceAll('\n', ''))
      expect([args, hasHostile(printed), hasHostile(said)]).toEqual([args, false, false])
      expect(said).not.toMatch(/^ok {7}all is well/m)
    }
  })

  it('of a module with the options whose secret a server repeats', async () => {
    const origin = await start((_req, res) => {
      res.writeHead(302, {
        location: 'https://app.example/the-secret-of-the-tokens-of-32-characters',
      })
      res.end()
    })
    const file = join(folder, 'options.mjs')
    const options = {
      authorizationURL: `${origin}/authorize`,
      tokenURL: `${origin}/token`,
      clientID: 'client',
      clientSecret: 'the-secret-of-the-client',
      tokenSecret: ['the-secret-of-the-tokens-of-32-characters'],
      callbackURL: `${origin}/auth/callback`,
    }
    await writeFile(file, `export default ${JSON.stringify(options)}`)
    const { all } = await doctor({ APP_URL: origin }, ['--config', file])
    expect(all).toContain('redirects to https://app.example/…')
    expect(all).not.toContain('the-secret-of')
  })
})

describe('printable', () => {
  it.each([
    ['at https://user:pass@host/a?b#c.', 'at https://…@host/a?b#c.'],
    ['redis://:p%40ss@host:6379 and postgres://u@h/d', 'redis://…@host:6379 and postgres://…@h/d'],
    ['HTTPS://U:P@H', 'HTTPS://…@H'],
    ['https://user:pa/ss@host/a', 'https://…@host/a'],
    ['https://user:pa@ss@host/a', 'https://…@host/a'],
    ['https://host/a@b?c=d@e', 'https://host/a@b?c=d@e'],
    ['somebody@example.com', 'somebody@example.com'],
    ['user:pass@host:6379', '…@host:6379'],
    ['no route to "user:pa:ss@host"', 'no route to "…@host"'],
    ['Fix: ask somebody@example.com', 'Fix: ask somebody@example.com'],
  ])('makes of %j: %j', (text, expected) => {
    expect(printable(text)).toBe(expected)
  })

  it('takes out secrets, but no word of five characters', () => {
    expect(printable('the grant secret is abcdef', ['grant', 'abcdef'])).toBe(
      'the grant secret is …',
    )
  })
})

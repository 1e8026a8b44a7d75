import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import type { IsTokenRefused } from '../../src/index.js'
import type { TestApp } from '../support/app.js'
import { Browser, listen } from '../support/http.js'
import type { Page, RunningServer } from '../support/http.js'
import { bodyOf } from '../support/login.js'
import { setScene } from '../support/scene.js'

const scene = setScene()
let api: RunningServer
let tokens: Set<string>
let browser: Browser

beforeEach(async () => {
  tokens = new Set()
  browser = new Browser()
  // The first token is refused as some APIs do it.
  const app = express().get('/', (req, res) => {
    tokens.add(req.headers.authorization ?? '')
    if (tokens.size === 1) res.status(403).json({ code: 'TOKEN_EXPIRED' })
    else res.json({ ok: true })
  })
  api = await listen(app)
})
afterEach(() => api.close())

async function ask(isTokenRefused?: IsTokenRefused): Promise<{ app: TestApp; page: Page }> {
  const app = await scene.start({
    strategy: { isTokenRefused },
    routes: (own, strategy) => {
      own.get('/api', (req, res, next) => {
        strategy
          .fetch(req, api.origin)
          .then(async (answer) => res.status(answer.status).json(await answer.json()))
          .catch(next)
      })
    },
  })
  await browser.follow(app.loginURL)
  return { app, page: await browser.visit(`${app.origin}/api`) }
}

describe('isTokenRefused', () => {
  it('makes fetch renew the token after an answer that is no 401', async () => {
    const { page } = await ask(({ status }) => status === 403)
    expect([page.status, bodyOf(page)]).toEqual([200, { ok: true }])
    expect(tokens.size).toBe(2)
  })

  it('may read the body, and the caller still can', async () => {
    const seen: unknown[] = []
    const { page } = await ask(async (response) => {
      seen.push(await response.json())
      return false
    })
    expect(seen).toEqual([{ code: 'TOKEN_EXPIRED' }])
    expect([page.status, bodyOf(page)]).toEqual([403, { code: 'TOKEN_EXPIRED' }])
  })

  it('changes nothing if it is left out', async () => {
    const { page } = await ask()
    expect(page.status).toBe(403)
    expect(tokens.size).toBe(1)
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('secret-of-the-function')
      },
    ],
    ['returns something else', () => 'yes'],
    ['returns nothing', () => undefined],
  ])('is a mistake in the set-up if it %s', async (_, isTokenRefused) => {
    const { app } = await ask(isTokenRefused as IsTokenRefused)
    expect(app.errors).toMatchObject([{ code: 'ERR_CONFIGURATION', option: 'isTokenRefused' }])
    expect((app.errors[0] as Error).message).not.toContain('secret-of')
  })
})

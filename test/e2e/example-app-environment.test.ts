import { describe, expect, it } from '@jest/globals'
import { readEnvironment } from '../../example-app/environment.js'
import { startCommand } from '../support/command.js'

const REDIS_URL = 'redis://localhost:6379'
const DATABASE_URL = 'postgres://localhost/app'
const SESSION_SECRET = 'the secret of the sessions in a test'
const TOKEN_SECRET = 'the secret of the tokens in this test'
const HOW_TO = 'Make one with `openssl rand -base64 32`, and use the same at every start'

describe('the environment of the example app', () => {
  it('needs nothing', () => {
    expect(readEnvironment({})).toMatchObject({ sessionSecret: undefined, redisURL: undefined })
  })

  it.each([
    [{ REDIS_URL }, 'REDIS_URL is set, SESSION_SECRET is missing.'],
    // The tokens could be opened again, but nobody could be found by the cookie.
    [{ REDIS_URL, TOKEN_SECRET }, 'REDIS_URL is set, SESSION_SECRET is missing.'],
    [{ REDIS_URL, SESSION_SECRET: '' }, 'REDIS_URL is set, SESSION_SECRET is missing.'],
    [{ DATABASE_URL }, 'DATABASE_URL is set, TOKEN_SECRET and SESSION_SECRET are missing'],
  ])('with %j is refused, as what is stored could not be opened again', (variables, message) => {
    expect(() => readEnvironment(variables)).toThrow(message)
    expect(() => readEnvironment(variables)).toThrow(HOW_TO)
  })

  it.each([
    { REDIS_URL, SESSION_SECRET },
    { DATABASE_URL, SESSION_SECRET },
    { DATABASE_URL, TOKEN_SECRET },
    { DATABASE_URL, REDIS_URL, SESSION_SECRET, TOKEN_SECRET },
  ])('with %j is enough', (variables) => {
    expect(() => readEnvironment(variables)).not.toThrow()
  })

  it.each(['start', 'start:cluster'])('is checked by npm run %s', async (script) => {
    const command = startCommand('npm', ['run', script, '--ignore-scripts'], {
      REDIS_URL,
      SESSION_SECRET: '',
    })

    await command.printed(/The example app cannot start: REDIS_URL is set, SESSION_SECRET is/)

    expect(await command.stop()).not.toContain('The example app is at')
  })
})

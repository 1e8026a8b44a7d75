import { describe, expect, it } from '@jest/globals'
import type { ResourceClient } from '../../src/client/requests.js'
import { LoginRequiredError } from '../../src/index.js'
import { fetchWithToken } from '../../src/passport/fetch-with-token.js'

const HOLDER = { account: 'ada' }
const URL = 'https://api.example/'

/** Calls an API that takes no token but those of `valid`, with these replacements for what it refuses. */
async function call(
  replacements: Readonly<Record<string, string | undefined>>,
  { valid = [], body }: { readonly valid?: readonly string[]; readonly body?: ReadableStream } = {},
) {
  const sent: string[] = []
  const asked: string[] = []
  const resources: Pick<ResourceClient, 'fetch'> = {
    fetch(_url, _init, token) {
      sent.push(token)
      return Promise.resolve(new Response(token, { status: valid.includes(token) ? 200 : 401 }))
    },
  }
  const answer = await fetchWithToken(HOLDER, URL, body === undefined ? {} : { body }, {
    accessToken: () => Promise.resolve('first'),
    replacementFor(_holder, { refused, refusal }) {
      asked.push(`${refused}: ${refusal}`)
      if (refused in replacements) return Promise.resolve(replacements[refused])
      return Promise.reject(new LoginRequiredError('grant_ended'))
    },
    isTokenRefused: () => Promise.resolve(false),
    resources: resources as ResourceClient,
  }).catch((error: unknown) => error as LoginRequiredError)
  return { answer, sent, asked }
}

describe('a request whose token the API refuses', () => {
  it('is sent again with another', async () => {
    const { answer, sent } = await call({ first: 'second' }, { valid: ['second'] })
    expect(answer).toMatchObject({ status: 200 })
    expect(sent).toEqual(['first', 'second'])
  })

  it('tries the tokens of each login of the person, and says if all have ended', async () => {
    const { answer, sent } = await call({ first: 'of another login', 'of another login': 'third' })
    expect(answer).toMatchObject({ code: 'ERR_LOGIN_REQUIRED', reason: 'grant_ended' })
    expect(sent).toEqual(['first', 'of another login', 'third'])
  })

  it('is answered as it is if there is no other token, or it has just been refreshed', async () => {
    const { answer, sent } = await call({ first: 'refreshed', refreshed: undefined })
    expect(answer).toMatchObject({ status: 401 })
    expect(sent).toEqual(['first', 'refreshed'])
  })

  it('is sent four times at most', async () => {
    const endless = { first: '2', 2: '3', 3: '4', 4: '5' }
    const { answer, sent, asked } = await call(endless)
    expect(answer).toMatchObject({ status: 401 })
    expect(sent).toEqual(['first', '2', '3', '4'])
    expect(asked).toEqual(['first: first', '2: again', '3: again'])
  })

  it('is sent once if its body can be read only once', async () => {
    const body = new ReadableStream()
    const { answer, sent, asked } = await call({ first: 'second' }, { body })
    expect(answer).toMatchObject({ status: 401 })
    expect([sent, asked]).toEqual([['first'], ['first: first']])
  })
})

import { createHash, randomBytes } from 'node:crypto'
import { formOf } from '../support/login.js'
import { json, tokenResponse } from '../support/scripted-provider.js'
import type { RecordedRequest, ScriptedProvider } from '../support/scripted-provider.js'

/** What nobody may find in a page, an error or a log line. */
export interface Secrets {
  /** Everything that was secret in any login so far. */
  readonly all: string[]
  /** The code that belongs to a state. */
  codeOf(state: string): string
}

/**
 * Makes the provider give tokens for nothing but the code that belongs to the state, once, with its
 * verifier; and quote back whatever it was sent when it gives none.
 */
export function makeStrict(provider: ScriptedProvider, clientSecret: string): Secrets {
  const codes = new Map<string, string>()
  const challenges = new Map<string, string | null>()
  const all = [clientSecret]
  provider.onAuthorize((parameters) => {
    const state = parameters.get('state') ?? ''
    const code = `code/${randomBytes(12).toString('base64')}`
    codes.set(state, code)
    challenges.set(code, parameters.get('code_challenge'))
    all.push(state, code)
    return { code, state }
  })
  provider.onToken((request, response) => {
    const form = formOf(request)
    const [code = '', verifier = ''] = [form.get('code'), form.get('code_verifier')].map(String)
    const isGood = challenges.get(code) === challengeOf(verifier)
    challenges.delete(code)
    const tokens = uniqueTokens()
    all.push(verifier, tokens.access_token, tokens.refresh_token)
    json(isGood ? tokenResponse(tokens) : quote(request), isGood ? 200 : 400)(request, response)
  })
  return { all, codeOf: (state) => codes.get(state) ?? '' }
}

/** Token values that are nowhere else. */
export function uniqueTokens(): { access_token: string; refresh_token: string } {
  const random = randomBytes(9).toString('base64url')
  return { access_token: `access.${random}`, refresh_token: `refresh.${random}` }
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}

/** As servers do that explain themselves with all they have: the values, the form, the same as JSON. */
function quote(request: RecordedRequest): object {
  const form = formOf(request)
  const { code, code_verifier, client_secret } = Object.fromEntries(form)
  const values = [code, code_verifier, client_secret]
  return {
    error: 'invalid_grant',
    error_description: `got ${values.join()}, ${JSON.stringify(values)}, ${form.toString()}`,
  }
}

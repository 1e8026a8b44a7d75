import { StepUpRequiredError } from '../errors/step-up-errors.js'
import type { MissingFromLogin } from '../errors/step-up-errors.js'
import { readChallenge } from './challenge.js'

/** The characters of a scope, and of the name of a way of authentication. */
const NAME = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** How many names an API may ask for. */
const MAXIMUM_NAMES = 50

/**
 * What an API wants in addition, if that is why it has refused a request; `undefined` if not.
 *
 * @see [RFC 9470, section 3 - Authentication Requirements Challenge](https://www.rfc-editor.org/rfc/rfc9470.html#section-3)
 * @see [RFC 6750, section 3.1 - Error Codes](https://www.rfc-editor.org/rfc/rfc6750.html#section-3.1)
 */
export function insufficientLogin(answer: Response): StepUpRequiredError | undefined {
  if (answer.status !== 401 && answer.status !== 403) return undefined
  const challenge = readChallenge(answer.headers.get('www-authenticate'))
  const { error } = challenge
  if (error === 'insufficient_scope') {
    return new StepUpRequiredError({ scope: namesIn(challenge.scope) }, error, answer)
  }
  if (error !== 'insufficient_user_authentication') return undefined
  const missing: MissingFromLogin = {
    scope: namesIn(challenge.scope),
    acrValues: namesIn(challenge.acr_values),
    maxAgeSeconds: secondsIn(challenge.max_age),
  }
  return new StepUpRequiredError(missing, error, answer)
}

/** The API has written it, and it goes to the provider: what cannot be a name is left out. */
function namesIn(text = ''): readonly string[] | undefined {
  const names = text.split(' ').filter((one) => NAME.test(one))
  return names.length === 0 ? undefined : [...new Set(names)].slice(0, MAXIMUM_NAMES)
}

function secondsIn(text = ''): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

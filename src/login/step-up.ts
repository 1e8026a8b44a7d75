import { LoginRequiredError } from '../errors/login-errors.js'
import { StepUpRequiredError } from '../errors/step-up-errors.js'
import type { MissingFromLogin } from '../errors/step-up-errors.js'
import { scopesOf } from '../grants/scope-set.js'
import type { LoginRequest } from '../lib/login-request.js'
import type { StartLoginOptions } from './login-options.js'
import type { PresentLogin } from './present-login.js'
import type { LoginNote } from '../grants/login-note.js'
import type { Asked } from './login-note.js'

/** What a page needs of a login. */
export interface WantedOfLogin {
  /** What the person must have granted. */
  readonly scope?: readonly string[] | undefined
  /** One of these must be the `acr`. */
  readonly acrValues?: readonly string[] | undefined
  /** How old the authentication may be, in **seconds**. */
  readonly maxAgeSeconds?: number | undefined
}

/** Finds out what a login lacks, and how to get it. */
export interface StepUp {
  /**
   * Resolves if the login in the request's session has all of this.
   *
   * @throws {LoginRequiredError} if there is none
   * @throws {StepUpRequiredError} saying what is missing
   * @throws {StorageError} if the store of the grants cannot be reached
   */
  readonly check: (request: LoginRequest, wanted: WantedOfLogin) => Promise<void>

  /**
   * The options of a login that asks for what is missing, and for all that was granted before.
   *
   * @throws {StepUpRequiredError} the same error, if the person has just come back from such a login
   * @throws {StorageError} if the store of the grants cannot be reached
   */
  readonly optionsFor: (
    request: LoginRequest,
    error: StepUpRequiredError,
  ) => Promise<StartLoginOptions>
}

/** What {@link createStepUp} needs. */
export interface StepUpParts {
  readonly settings: {
    readonly scope: string | undefined
    readonly scopeSeparator: string
    readonly clockToleranceSeconds: number
  }
  /** The scopes of the tokens that the request's grant has: see `HeldGrants.scopes`. */
  readonly scopes: (
    request: LoginRequest,
    isNew: boolean,
  ) => Promise<readonly (string | undefined)[] | undefined>
  readonly presentLogin: PresentLogin
}

/**
 * For how long a person who has come back without what was asked for is not sent to the provider for it again, in
 * **milliseconds**; less if an authentication may not be that old.
 */
const REPETITION_MS = 5 * 60_000

/** An API whose clock differs may refuse an authentication that has just been made: no shorter than this. */
const SHORTEST_REPETITION_MS = 10_000

/** Creates {@link StepUp}. */
export function createStepUp({ settings, scopes, presentLogin }: StepUpParts): StepUp {
  const { scopeSeparator, clockToleranceSeconds } = settings

  /** A provider that does not say what it has granted has granted what it was asked for (RFC 6749, section 5.1). */
  function grantedScope(
    said: readonly (string | undefined)[],
    login: LoginNote | undefined,
  ): ReadonlySet<string> {
    const unsaid = login?.scope ?? settings.scope ?? ''
    return new Set(said.flatMap((scope) => [...scopesOf(scope ?? unsaid)]))
  }

  function isRecent({ authenticatedAt = -Infinity }: LoginNote, maxAgeSeconds: number): boolean {
    return authenticatedAt + (maxAgeSeconds + clockToleranceSeconds) * 1000 >= Date.now()
  }

  async function missingFrom(
    request: LoginRequest,
    { scope = [], acrValues, maxAgeSeconds }: WantedOfLogin,
    isNew = false,
  ): Promise<MissingFromLogin> {
    const said = await scopes(request, isNew)
    if (said === undefined) throw new LoginRequiredError('no_tokens')
    if (scope.length === 0 && acrValues === undefined && maxAgeSeconds === undefined) return {}
    const login = (await presentLogin(request)) ?? {}
    const granted = grantedScope(said, login)
    const missing = scope.filter((one) => !granted.has(one))
    // Another process may have added it a moment ago.
    if (missing.length > 0 && !isNew) {
      return missingFrom(request, { scope, acrValues, maxAgeSeconds }, true)
    }
    return {
      ...(missing.length > 0 && { scope: missing }),
      ...(acrValues?.every((one) => one !== login.acr) && { acrValues }),
      ...(maxAgeSeconds !== undefined && !isRecent(login, maxAgeSeconds) && { maxAgeSeconds }),
    }
  }

  return {
    async check(request, wanted) {
      const missing = await missingFrom(request, wanted)
      if (Object.keys(missing).length === 0) return
      const isScopeAlone = missing.acrValues === undefined && missing.maxAgeSeconds === undefined
      throw new StepUpRequiredError(
        missing,
        isScopeAlone ? 'insufficient_scope' : 'insufficient_user_authentication',
      )
    },

    async optionsFor(request, error) {
      const { scope = [], acrValues, maxAgeSeconds } = error
      const login = await presentLogin(request)
      const asked = login?.asked
      if (asked !== undefined && isRepetition(error, asked)) throw error
      const isAuthentication = error.error === 'insufficient_user_authentication'
      const says = acrValues !== undefined || maxAgeSeconds !== undefined
      // There is nothing to ask for.
      if (!isAuthentication && scope.length === 0) throw error
      const granted = grantedScope((await scopes(request, false)) ?? [], login)
      const all = new Set([...scopesOf(settings.scope ?? ''), ...granted, ...scope])
      return {
        ...(all.size > 0 && { scope: [...all].join(scopeSeparator) }),
        ...(acrValues !== undefined && { acrValues }),
        ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
        ...(isAuthentication && !says && { prompt: 'login' }),
      }
    },
  }
}

/** Whether a login has asked for all of this a moment ago. */
function isRepetition(
  { scope = [], acrValues = [], maxAgeSeconds }: MissingFromLogin,
  asked: Asked & { readonly at: number },
): boolean {
  const limitMs =
    maxAgeSeconds === undefined
      ? REPETITION_MS
      : Math.min(REPETITION_MS, Math.max(maxAgeSeconds * 1000, SHORTEST_REPETITION_MS))
  const wasAskedFor =
    scope.every((one) => asked.scope?.includes(one)) &&
    acrValues.every((one) => asked.acrValues?.includes(one)) &&
    (maxAgeSeconds === undefined || (asked.maxAgeSeconds ?? Infinity) <= maxAgeSeconds)
  return wasAskedFor && Date.now() - asked.at < limitMs
}

import type { Verified } from '../login/accepted-login.js'

/** Passport's callback of `verify`. */
export type VerifyDone = (error?: unknown, user?: unknown, info?: unknown) => void

/**
 * Calls a `verify` that calls `done`, as strategies of Passport do. What it says first counts: its call of `done`, an error that
 * it throws, or, with `decidesByReturn`, what it returns.
 *
 * @throws what `verify` throws, rejects with, or passes to `done`
 */
export function verifiedBy(
  verify: (done: VerifyDone) => unknown,
  { decidesByReturn }: { readonly decidesByReturn: boolean },
): Promise<Verified> {
  return new Promise((resolve, reject) => {
    const done: VerifyDone = (error, user, info) => {
      const isRefused = !user
      if (error) reject(withFields(error))
      else resolve({ user: isRefused ? false : user, info: infoIn(info) })
    }
    const decide = (user: unknown): void => {
      if (decidesByReturn) resolve({ user, info: {} })
    }
    // An async function that rejects has not called `done`: nobody else would answer the browser.
    Promise.resolve(verify(done)).then(decide, reject)
  })
}

/** Applications call back with objects that have the fields of an error, which their handlers read. */
function withFields(error: unknown): Error {
  if (error instanceof Error) return error
  const { message, ...fields } = Object(error) as { readonly message?: unknown }
  const text = typeof message === 'string' ? message : 'verify failed'
  return Object.assign(new Error(text, { cause: error }), typeof error === 'object' && fields)
}

/** What the library itself says of a login, such as where it leads. */
const OWN_INFO: ReadonlySet<string> = new Set([
  'appState',
  'connected',
  'error',
  'errorDescription',
  'grant',
  'returnTo',
  'tokens',
])

/**
 * What is said beside the decision, as fields of `req.authInfo` or of a refusal. It may be a profile, whose members a stranger has
 * written: it says nothing in the library's place.
 */
export function infoIn(info: unknown): object {
  if (typeof info === 'string') return { message: info }
  const all = Object.entries(Object(info) as object)
  return Object.fromEntries(all.filter(([name]) => !OWN_INFO.has(name)))
}

import { asError } from '../lib/as-error.js'
import type { Profile } from '../options/profile.js'

/** The end of passport-oauth2's hook `userProfile`. */
export type ProfileDone = (error?: unknown, profile?: Profile) => void

/** The profiles that hooks are loading. */
export interface ProfileLoads {
  /** The profile that a hook loads, as a promise. */
  load(accessToken: string, hook: (done: ProfileDone) => unknown): Promise<Profile | undefined>
  /** Ends the load with this access token. For what a hook throws later, in a callback, where nobody would catch it. */
  fail(accessToken: string | undefined, error: unknown): void
  /** The access token of a load that this text is, if it is one. */
  tokenIn(text: string): string | undefined
}

/** Creates {@link ProfileLoads}. */
export function createProfileLoads(): ProfileLoads {
  const underWay = new Map<string, Set<(error: unknown) => void>>()
  return {
    async load(accessToken, hook) {
      const own = underWay.get(accessToken) ?? new Set()
      let fail: (error: unknown) => void = () => undefined
      try {
        return await new Promise<Profile | undefined>((resolve, reject) => {
          fail = (error) => reject(asError(error, 'It failed'))
          underWay.set(accessToken, own.add(fail))
          const done: ProfileDone = (error, profile) => {
            if (error) fail(error)
            else resolve(profile)
          }
          // A hook may be an async function: what that throws would be lost otherwise.
          Promise.resolve(hook(done)).catch(fail)
        })
      } finally {
        own.delete(fail)
        if (own.size === 0) underWay.delete(accessToken)
      }
    },
    fail(accessToken, error) {
      for (const fail of underWay.get(accessToken ?? '') ?? []) fail(error)
    },
    tokenIn: (text) => (underWay.has(text) ? text : undefined),
  }
}

import type { Profile } from '../options/profile.js'

/** The end of passport-oauth2's hook `userProfile`. */
export type ProfileDone = (error?: unknown, profile?: Profile) => void

/** The profile that the hook `userProfile` of a strategy loads, as a promise. */
export function hookedProfile(load: (done: ProfileDone) => unknown): Promise<Profile | undefined> {
  return new Promise((resolve, reject) => {
    const done: ProfileDone = (error, profile) => {
      if (!error) resolve(profile)
      else reject(error instanceof Error ? error : new Error('It failed', { cause: error }))
    }
    // A subclass may make it an async function: what that throws would be lost otherwise.
    Promise.resolve(load(done)).catch(reject)
  })
}

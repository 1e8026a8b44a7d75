import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from './browser.js'
import { noteAnswer } from './browser.js'
import { askPage } from './page.js'
import { between, oneOf } from './random.js'
import type { Random } from './random.js'

/** The share of the jobs that run in the process which does nothing else; the others run beside requests. */
const OWN_PROCESS_SHARE = 0.5

/** The share of the jobs that want another access token than the one they get. */
const RENEWAL_SHARE = 0.03

/** Between two jobs of one worker, in milliseconds. */
const LONGEST_PAUSE_MS = 300

/** Does one job after the other, for anybody, until `endsAt`. */
export async function work(
  browsers: readonly Browser[],
  random: Random,
  endsAt: number,
): Promise<void> {
  while (Date.now() < endsAt) {
    await sleep(between(random, 0, LONGEST_PAUSE_MS))
    await doJob(oneOf(random, browsers), random, random() < RENEWAL_SHARE)
  }
}

/**
 * Uses a person's grant without them. Whoever has been logged in all that time must not be told to log in.
 *
 * @returns whether it succeeded
 */
export async function doJob(browser: Browser, random: Random, renew = false): Promise<boolean> {
  const { person, fleet, seen, login } = browser
  const origins = random() < OWN_PROCESS_SHARE ? fleet.jobOrigins : fleet.origins
  const page = await askPage(
    `${oneOf(random, origins)}/jobs/${person}${renew ? '?renew=1' : ''}`,
    'GET',
    {},
  )
  noteAnswer(seen.jobs, page)
  if (page.status === 200 && page.body.sub !== person) seen.mixedUp++
  if (page.status === 401 && login !== undefined && browser.login === login) {
    const said = page.body.code ?? 'the API refused the token'
    seen.lostJobs.push({ person, grant: browser.grant, loggedInAt: login.at, at: Date.now(), said })
  }
  return page.status === 200
}

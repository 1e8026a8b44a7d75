import type { Notes } from './notes.js'

/** The hour at which the report is made, in the time zone of the process. */
const HOUR = 3

/** A job that runs once a night. */
export interface Nightly {
  /** No more nights. Resolves when a job that runs is over. */
  stop(): Promise<void>
}

/**
 * Runs a job every night. Of several processes that share the notes, one does.
 *
 * Nothing breaks if two run it: they would share the tokens, and the provider would still get one refresh for each
 * person. It would only be done twice.
 */
export function startNightly(
  job: () => Promise<unknown>,
  notes: Notes,
  onError: (error: unknown) => void,
): Nightly {
  let timer: NodeJS.Timeout
  let running: Promise<void> = Promise.resolve()

  function wait(): void {
    const due = nextNight(new Date())
    timer = setTimeout(() => {
      wait()
      running = runOnce(due.toISOString(), job, notes).catch(onError)
    }, due.getTime() - Date.now())
    timer.unref()
  }

  wait()
  return {
    stop() {
      clearTimeout(timer)
      return running
    },
  }
}

/** Runs the job unless another process does so in this night. */
export async function runOnce(
  night: string,
  job: () => Promise<unknown>,
  notes: Notes,
): Promise<void> {
  if (!(await notes.add('nights', night, 'begun'))) return
  const earlier = [...(await notes.all('nights')).keys()].filter((one) => one < night)
  for (const one of earlier) await notes.remove('nights', one)
  await job()
}

/** The next time that it is the hour of the report. */
export function nextNight(now: Date): Date {
  const night = new Date(now)
  night.setHours(HOUR, 0, 0, 0)
  if (night <= now) night.setDate(night.getDate() + 1)
  return night
}

/** Somebody else, logged in, who asks for pages all the time from a process of their own. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { serve } from '../processes.js'

export type VisitorCommands = typeof commands

/** How long requests took, in **milliseconds**. */
export interface Waits {
  readonly calls: number
  readonly median: number
  /** What 99 of 100 requests did not exceed. */
  readonly late: number
  readonly worst: number
}

/** Between two requests, in **milliseconds**. */
const PAUSE_MS = 5

const commands = {
  /** What was seen since the last time this was asked. */
  waits(): Waits {
    const sorted = seen.splice(0).sort((one, other) => one - other)
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN
    return { calls: sorted.length, median: at(0.5), late: at(0.99), worst: at(1) }
  },
}

const seen: number[] = []
const [origin = '', cookie = ''] = process.argv.slice(2)
const pool = new Pool(origin, { connections: 1 })

serve(commands)
for (;;) {
  const startedAt = performance.now()
  const answer = await pool.request({ method: 'GET', path: '/me', headers: { cookie } })
  await answer.body.text()
  if (answer.statusCode !== 200) throw new Error(`The visitor got ${answer.statusCode}.`)
  seen.push(performance.now() - startedAt)
  await sleep(PAUSE_MS)
}

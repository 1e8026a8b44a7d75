/** The people, in a process of their own. */
import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { SESSION_SECRET } from './apps/scene.js'
import { serve } from './processes.js'
import { Visitor } from './visitor.js'

export type LoadCommands = typeof commands

/** What is done over and over again. */
export type Operation = 'login' | 'whole' | 'fresh'

/** One stretch of load. */
export interface Load {
  readonly origin: string
  readonly loginPath: string
  readonly operation: Operation
  /** When it is over: after so many milliseconds, or so many operations. */
  readonly durationMs?: number
  readonly count?: number
  /** For `fresh`: the sessions with these ids, of which there are so many, instead of ones that log in first. */
  readonly sessions?: { readonly prefix: string; readonly count: number }
}

/** What came of it. */
export interface LoadResult {
  readonly operations: number
  readonly elapsedMs: number
}

/** How many people there are at once, each of whom waits for one answer before asking again. */
const CONCURRENCY = 10

const commands = { prepare, run }

let pool: Pool | undefined
let operate: () => Promise<void> = () => Promise.resolve()

/** Makes connections, and logs people in for those who come back. */
async function prepare(load: Load): Promise<void> {
  await pool?.destroy()
  const own = (pool = new Pool(load.origin, { connections: CONCURRENCY }))
  operate = await createOperation(load, own)
}

/** @throws {Error} when an answer is not what it should be */
async function run({ durationMs = Infinity, count = Infinity }: Load): Promise<LoadResult> {
  const startedAt = performance.now()
  let begun = 0
  let operations = 0
  const person = async (): Promise<void> => {
    while (begun < count && performance.now() - startedAt < durationMs) {
      begun++
      await operate()
      operations++
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, person))
  return { operations, elapsedMs: performance.now() - startedAt }
}

async function createOperation(load: Load, pool: Pool): Promise<() => Promise<void>> {
  const { loginPath, operation, sessions } = load
  if (operation === 'login') {
    return async () => {
      await new Visitor(pool).startLogin(loginPath)
    }
  }
  if (operation === 'whole') return () => new Visitor(pool).logIn(loginPath)
  const cookieOf = sessions === undefined ? await logInSome(loginPath, pool) : () => anyOf(sessions)
  return async () => {
    const { statusCode, body } = await pool.request({
      path: '/token',
      method: 'GET',
      headers: { cookie: cookieOf() },
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`/token answered ${statusCode}: ${text}`)
  }
}

async function logInSome(loginPath: string, pool: Pool): Promise<() => string> {
  const cookies: string[] = []
  for (let number = 0; number < CONCURRENCY; number++) {
    const visitor = new Visitor(pool)
    await visitor.logIn(loginPath)
    cookies.push(visitor.cookie)
  }
  let next = 0
  return () => cookies[next++ % cookies.length] ?? ''
}

/** A signed cookie of express-session. */
function anyOf({ prefix, count }: { readonly prefix: string; readonly count: number }): string {
  const id = `${prefix}${Math.floor(Math.random() * count)}`
  const signature = createHmac('sha256', SESSION_SECRET).update(id).digest('base64')
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature.replace(/=+$/, '')}`)}`
}

serve(commands)

/** The people, in a process of their own. */
import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { SESSION_SECRET } from './apps/scene.js'
import { serve } from './processes.js'
import { subjectOf, Visitor } from './visitor.js'
import type { LoginStart } from './visitor.js'

export type LoadCommands = typeof commands

/** What is done over and over again. */
export type Operation = 'login' | 'whole' | 'fresh' | 'refresh'

/** Something to do, and where. */
export interface Load extends LoginStart {
  readonly origin: string
  readonly operation: Operation
  /** For `fresh`: the sessions with these ids, of which there are so many, instead of ones that log in first. */
  readonly sessions?: { readonly prefix: string; readonly count: number }
  /** For `fresh` and `refresh` without `sessions`: how many people log in first, and then come in turn. @default 10 */
  readonly people?: number
}

/** How many people there are at once, each of whom waits for one answer before asking again. */
const CONCURRENCY = 10

/** How many people log in again and again; each time with a browser that knows nothing. */
const RETURNING = 1_000

const commands = { prepare, run }

const pools = new Map<string, Pool>()
const prepared: (() => Promise<void>)[] = []

/** Logs people in for those who come back; resolves to the number by which it can be run. */
async function prepare(load: Load): Promise<number> {
  return prepared.push(await createOperation(load, poolOf(load.origin))) - 1
}

/** The connections to one application, which are kept. */
function poolOf(origin: string): Pool {
  const known = pools.get(origin)
  if (known !== undefined) return known
  const pool = new Pool(origin, { connections: CONCURRENCY, keepAliveTimeout: 600_000 })
  pools.set(origin, pool)
  return pool
}

/**
 * Does so many operations; resolves to how long that took, in milliseconds.
 *
 * @throws {Error} when an answer is not what it should be
 */
async function run({ load, count }: { load: number; count: number }): Promise<number> {
  const operate = prepared[load]
  if (operate === undefined) throw new Error(`There is no load ${load}.`)
  const startedAt = performance.now()
  let begun = 0
  const person = async (): Promise<void> => {
    while (begun < count) {
      begun++
      await operate()
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, person))
  return performance.now() - startedAt
}

async function createOperation(load: Load, pool: Pool): Promise<() => Promise<void>> {
  const { operation, sessions, people = CONCURRENCY } = load
  let begun = 0
  const somebody = (): Visitor => new Visitor(pool, subjectOf(begun++ % RETURNING))
  if (operation === 'login') {
    return async () => {
      await somebody().startLogin(load)
    }
  }
  if (operation === 'whole') return () => somebody().logIn(load)
  if (sessions === undefined) {
    const visitors = await logInSome(load, pool, people)
    return () => expectToken(visitors[begun++ % people])
  }
  return async () => {
    const { statusCode, body } = await pool.request({
      path: '/token',
      method: 'GET',
      headers: { cookie: anyOf(sessions) },
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`/token answered ${statusCode}: ${text}`)
  }
}

async function expectToken(visitor: Visitor | undefined): Promise<void> {
  if ((await visitor?.getsToken()) !== true) throw new Error('/token gave no token.')
}

async function logInSome(start: LoginStart, pool: Pool, people: number): Promise<Visitor[]> {
  const visitors: Visitor[] = []
  for (let number = 0; number < people; number++) {
    const visitor = new Visitor(pool, subjectOf(number))
    await visitor.logIn(start)
    visitors.push(visitor)
  }
  return visitors
}

/** A signed cookie of express-session. */
function anyOf({ prefix, count }: { readonly prefix: string; readonly count: number }): string {
  const id = `${prefix}${Math.floor(Math.random() * count)}`
  const signature = createHmac('sha256', SESSION_SECRET).update(id).digest('base64')
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature.replace(/=+$/, '')}`)}`
}

serve(commands)

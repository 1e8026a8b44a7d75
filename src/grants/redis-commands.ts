import { createHash } from 'node:crypto'
import { StorageError } from '../errors/setup-errors.js'
import { systemClock, wait } from '../lib/clock.js'
import { withinIdleTime } from '../lib/within-idle-time.js'
import type { RedisConnection } from './redis-clients.js'

/** A Lua script of one key, which Redis knows by its digest. */
export interface RedisScript {
  readonly text: string
  readonly digest: string
}

/** Makes a script from its text. */
export function redisScript(text: string): RedisScript {
  return { text, digest: createHash('sha1').update(text).digest('hex') }
}

/** Sends commands and scripts of one key. Each fails if Redis takes longer than the time limit. */
export interface RedisCommander {
  readonly run: (command: string, key: string, ...args: string[]) => Promise<unknown>
  readonly runScript: (script: RedisScript, key: string, ...args: string[]) => Promise<unknown>
}

/**
 * A command is sent again only after an answer which says that it was not executed: while a slot migrates, a replica is
 * promoted or a server loads its data. When the connection is lost or time is up, it may have been executed, so it fails.
 */
export function createRedisCommander(
  connection: RedisConnection,
  timeoutMs: number,
): RedisCommander {
  async function run(command: string, key: string, ...args: string[]): Promise<unknown> {
    return attempt(connection, [command, key, ...args], key, timeoutMs)
  }

  async function runScript(script: RedisScript, key: string, ...args: string[]): Promise<unknown> {
    const rest = ['1', key, ...args]
    try {
      return await attempt(connection, ['EVALSHA', script.digest, ...rest], key, timeoutMs)
    } catch (error) {
      if (redisErrorCode(error) !== 'NOSCRIPT') throw error
      return attempt(connection, ['EVAL', script.text, ...rest], key, timeoutMs)
    }
  }

  return { run, runScript }
}

const FIRST_WAIT_MS = 5
const LONGEST_WAIT_MS = 160

async function attempt(
  connection: RedisConnection,
  args: [command: string, ...args: string[]],
  key: string,
  timeoutMs: number,
): Promise<unknown> {
  const stop = new AbortController()
  let refusal: unknown

  async function untilAccepted(): Promise<unknown> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      if (!connection.holdsUntilReady || connection.isReady() !== false) {
        try {
          return await connection.send(args, key, stop.signal)
        } catch (error) {
          if (!wasNotExecuted(error, connection)) throw explained(error, connection)
          refusal = error
        }
      }
      await wait(systemClock, waitMs)
      if (stop.signal.aborted) throw new Error('Time was up')
    }
  }

  return withinIdleTime(timeoutMs, untilAccepted(), () => {
    stop.abort()
    return tooLate(connection, timeoutMs, refusal)
  })
}

function tooLate(connection: RedisConnection, timeoutMs: number, refusal: unknown): Error {
  if (refusal !== undefined) {
    const options = { cause: refusal }
    return new Error(`Redis did not accept a command within ${timeoutMs} ms`, options)
  }
  const reason = connection.isReady() === false ? ': the client is not connected' : ''
  return new Error(`Redis did not answer within ${timeoutMs} ms${reason}`)
}

/** Answers that say that a command was not executed, and may be soon. */
const NOT_EXECUTED: ReadonlySet<string | undefined> = new Set([
  'TRYAGAIN',
  'CLUSTERDOWN',
  'LOADING',
  'READONLY',
  'MASTERDOWN',
  'NOREPLICAS',
  'BUSY',
])

/** Redirections, which clients of a Cluster follow, but not as often as one wants while a slot migrates. */
const REDIRECTIONS: ReadonlySet<string | undefined> = new Set(['MOVED', 'ASK'])

function wasNotExecuted(error: unknown, { isCluster }: RedisConnection): boolean {
  const code = redisErrorCode(error)
  return NOT_EXECUTED.has(code) || (isCluster && REDIRECTIONS.has(code))
}

/** What has failed, for the message of a `StorageError`. */
export const USING_REDIS = 'Using Redis for the grants'

const NO_ENTRY = 'Redis refuses this client: give it the user name and the password'

const NOT_A_CLUSTER = 'this Redis is a node of a Cluster: create the client for a Cluster'

/** What to change about errors that will not pass, for which Redis's own words do not say it. */
const REASONS: Readonly<Record<string, string>> = {
  NOAUTH: NO_ENTRY,
  WRONGPASS: NO_ENTRY,
  NOPERM:
    'the client’s user may not: allow it all commands that the grants use, on all keys with their `prefix`',
  WRONGTYPE: 'other data has a key of the grants: give them a `prefix` of their own',
}

/** Errors for which Redis's own words do not say what to do. */
function explained(error: unknown, { isCluster }: RedisConnection): unknown {
  const code = redisErrorCode(error)
  if (code === 'OOM') {
    return new Error('Redis is out of memory and refused to write. Raise its maxmemory.', {
      cause: error,
    })
  }
  const reason = !isCluster && REDIRECTIONS.has(code) ? NOT_A_CLUSTER : REASONS[code ?? '']
  if (reason === undefined) return error
  return new StorageError(USING_REDIS, error, reason, 'developer')
}

/**
 * The code at the beginning of an error reply, such as `OOM`. Up to Redis 6, an error within a script is wrapped:
 * `ERR Error running script (call to f_…): @user_script:5: @user_script: 5: -OOM command not allowed`.
 */
export function redisErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const wrapped = /^ERR Error running script .*?@user_script: ?\d+: -?([A-Z]+) /.exec(error.message)
  return (wrapped ?? /^([A-Z]+)(?: |$)/.exec(error.message))?.[1]
}

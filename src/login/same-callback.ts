import { hash } from 'node:crypto'
import { wait, within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { LoginOutcome } from './login-outcome.js'

/** How a callback has ended, for the requests that have brought the same one meanwhile. */
export type CallbackEnd<Login> =
  /** The login is in the stored session of this id. `undefined`: in the session that the browser already has. */
  | { readonly kind: 'stored'; readonly sessionId?: string | undefined }
  /** The application decides about this itself: a refusal, or a login that is in no session. */
  | { readonly kind: 'outcome'; readonly outcome: LoginOutcome }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The browser has gone before it could know its session, and the login was undone. */
  | { readonly kind: 'lost' }
  /** The browser has gone before the login was stored: the next request stores it in a session of its own. */
  | { readonly kind: 'left'; readonly login: Login }

/** One request's place in the row of those that have brought the same callback. */
export interface Place<Login> {
  /**
   * How the request before this one has ended; `undefined` if that takes too long, or this is the first. To be called once.
   *
   * @throws {StorageError} if it is in another process, and the store of grants fails
   */
  readonly before: () => Promise<CallbackEnd<Login> | undefined>
  /** Whether another request waits for this one. */
  readonly isAwaited: () => boolean
  /** Takes note that this request gives its browser the session of the login. */
  readonly noteDelivered: () => void
  /** Whether some request of the row, in this process, has given it to the browser. */
  readonly isDelivered: () => boolean
  /** Says how this request has ended. Only the first call counts. */
  readonly end: (end: CallbackEnd<Login>) => void
}

/** A callback, as far as two of them are compared. */
export interface Callback {
  /** Identifies the login attempt: see `Claims`. */
  readonly id: string
  /** A digest of everything else: two callbacks are the same only if the provider's whole response is. */
  readonly digest: string
}

/**
 * The requests that have brought the same callback while it is being finished: after a second click, a reload, or the
 * browser's own repetition. A browser drops the response to the first of them, so that any response must do.
 */
export interface SameCallbacks<Login> {
  /** The place of the request that has claimed the callback. It must be ended. */
  readonly first: (callback: Callback) => Place<Login>
  /**
   * The place of a request that has found it claimed. It must be ended. `undefined` if that is over, or was another response.
   *
   * The caller must have proved, as the first one did, that the login is pending in its browser.
   *
   * @throws {StorageError} if the store of grants fails
   */
  readonly next: (callback: Callback) => Promise<Place<Login> | undefined>
}

/** What {@link createSameCallbacks} needs. */
export interface SameCallbacksParts {
  /** How callbacks end in other processes; `undefined` if there are none. */
  readonly elsewhere: CallbackEnds | undefined
  /** How long a request waits for the one before, in **milliseconds**. */
  readonly waitMs: number
  readonly clock: Clock
}

/** How callbacks end in other processes. */
export interface CallbackEnds {
  /** Tells the other processes. Never rejects. */
  readonly tell: (callback: Callback, end: CallbackEnd<unknown>) => Promise<void>
  /** How it has ended; `undefined` if nobody has said so. @throws {StorageError} */
  readonly endOf: (callback: Callback) => Promise<CallbackEnd<never> | undefined>
}

/** How often another process is looked at, in **milliseconds**. */
const LOOK_MS = 250

/** A digest of a provider's response, and of what the strategy is to do with it. */
export function digestOf(...parts: readonly string[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url')
}

/** The row of one callback in this process. */
interface Row<Login> {
  readonly callback: Callback
  /** How the last request in the row ends. */
  last: Promise<CallbackEnd<Login>>
  /** How many requests wait for the one that is being answered. */
  waiting: number
  isOver: boolean
  isDelivered: boolean
}

/** Creates {@link SameCallbacks}. Memory is used only while callbacks are being finished. */
export function createSameCallbacks<Login>(parts: SameCallbacksParts): SameCallbacks<Login> {
  const { elsewhere, waitMs, clock } = parts
  const rows = new Map<string, Row<Login>>()

  /** The end of the row: the request before has ended as `before` says. */
  function placeIn(row: Row<Login>, before?: Promise<CallbackEnd<Login>>): Place<Login> {
    let settle: (end: CallbackEnd<Login>) => void = () => undefined
    row.last = new Promise((resolve) => (settle = resolve))
    if (before !== undefined) row.waiting += 1

    return {
      async before() {
        const end = before && (await within(clock, waitMs, before, () => undefined))
        row.waiting -= 1
        // Those who came after this request still wait.
        if (end === undefined) void before?.then(settle)
        return end
      },
      isAwaited: () => row.waiting > 0,
      noteDelivered() {
        row.isDelivered = true
      },
      isDelivered: () => row.isDelivered,
      end(end) {
        settle(end)
        if (end.kind === 'left' || row.isOver) return
        row.isOver = true
        void tell(row.callback, end).finally(() => rows.delete(row.callback.id))
      },
    }
  }

  async function tell(callback: Callback, end: CallbackEnd<Login>): Promise<void> {
    await elsewhere?.tell(callback, end)
  }

  async function waitElsewhere(
    ends: CallbackEnds,
    callback: Callback,
  ): Promise<CallbackEnd<Login> | undefined> {
    const until = clock.monotonic() + waitMs
    while (clock.monotonic() < until) {
      await wait(clock, LOOK_MS)
      const end = await ends.endOf(callback)
      if (end !== undefined) return end
    }
    return undefined
  }

  return {
    first(callback) {
      const last = new Promise<CallbackEnd<Login>>(() => undefined)
      const row: Row<Login> = {
        callback,
        last,
        waiting: 0,
        isOver: false,
        isDelivered: false,
      }
      rows.set(callback.id, row)
      return placeIn(row)
    },

    async next(callback) {
      // Who comes when it is over has no part in it: only the browser that has the session does.
      const row = rows.get(callback.id)
      if (row !== undefined) {
        const isSame = row.callback.digest === callback.digest
        return isSame && !row.isOver ? placeIn(row, row.last) : undefined
      }
      if (elsewhere === undefined) return undefined
      if ((await elsewhere.endOf(callback)) !== undefined) return undefined
      return {
        before: () => waitElsewhere(elsewhere, callback),
        isAwaited: () => false,
        noteDelivered: () => undefined,
        isDelivered: () => false,
        end: () => undefined,
      }
    },
  }
}

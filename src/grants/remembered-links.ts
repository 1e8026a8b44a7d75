import { wait } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { GrantStore } from '../options/grant-store.js'

/** What {@link createRememberedLinks} needs. */
export interface RememberedLinksParts {
  readonly store: GrantStore
  readonly clock: Clock
  /** Whether the grant is in the store and has not ended. @throws {StorageError} */
  readonly isAlive: (id: string) => Promise<boolean>
}

/** Remembers which links this process has made. */
export interface RememberedLinks {
  /** The store, whose links are remembered for a minute. */
  readonly store: GrantStore
  /**
   * Takes note of how a call of the store has ended. After a failure, the links that are remembered are made again as soon
   * as the store answers: it may have lost them, and then nobody finds the grant without its session.
   */
  readonly noteCall: (hasFailed: boolean) => void
}

/** How long a link is remembered, in **milliseconds**. */
const REMEMBERED_MS = 60_000

/** How long it takes until links are made again after that has failed, in **milliseconds**. */
const PAUSE_MS = 1_000

type Link = Parameters<GrantStore['link']>

/** Creates {@link RememberedLinks}. */
export function createRememberedLinks(parts: RememberedLinksParts): RememberedLinks {
  const { store, clock, isAlive } = parts
  /** The oldest first. */
  const remembered = new Map<string, { readonly link: Link; readonly until: number }>()
  /** Whether a call has failed since {@link linkAgain} has last made all links. */
  let isTroubled = false
  let isLinking = false
  let isForgetting = false

  function remember(link: Link): void {
    const [name, id] = link
    const key = keyOf(name, id)
    remembered.delete(key)
    remembered.set(key, { link, until: clock.monotonic() + REMEMBERED_MS })
    forgetOld()
    if (!isForgetting) void forgetLater()
  }

  function forgetOld(): void {
    const now = clock.monotonic()
    for (const [old, { until }] of remembered) {
      if (until > now) return
      remembered.delete(old)
    }
  }

  /** Forgets them in time, although nobody may log in any more. */
  async function forgetLater(): Promise<void> {
    isForgetting = true
    while (remembered.size > 0) {
      await wait(clock, REMEMBERED_MS, { background: true })
      forgetOld()
    }
    isForgetting = false
  }

  async function linkAgain(): Promise<void> {
    isLinking = true
    isTroubled = false
    try {
      const now = clock.monotonic()
      for (const { link, until } of [...remembered.values()]) {
        if (until > now && (await isAlive(link[1]))) await store.link(...link)
      }
    } catch {
      // The store may answer to reads and refuse links. The next call that succeeds after the pause begins again.
      isTroubled = true
      await wait(clock, PAUSE_MS, { background: true })
    }
    isLinking = false
  }

  return {
    store: {
      ...bound(store),
      async link(...link) {
        await store.link(...link)
        remember(link)
      },
      async unlink(name, ids) {
        for (const id of ids) remembered.delete(keyOf(name, id))
        await store.unlink(name, ids)
      },
    },

    noteCall(hasFailed) {
      if (hasFailed) isTroubled = true
      else if (isTroubled && !isLinking) void linkAgain()
    },
  }
}

function keyOf(name: string, id: string): string {
  return JSON.stringify([name, id])
}

function bound(store: GrantStore): Omit<GrantStore, 'link' | 'unlink'> {
  return {
    get: (id) => store.get(id),
    compareAndSet: (...given) => store.compareAndSet(...given),
    linked: (...given) => store.linked(...given),
  }
}

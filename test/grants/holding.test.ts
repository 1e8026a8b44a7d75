import { describe, expect, it } from '@jest/globals'
import type { SessionData } from 'express-session'
import { MemoryStore } from 'express-session'
import { advanceClock } from '../support/clock.js'
import { Browser } from '../support/http.js'
import { rotateRefreshTokens } from '../support/rotating-provider.js'
import { setScene } from '../support/scene.js'

const HOUR = 3600
const scene = setScene()

/** A session store that can be out of order. */
class MoodyStore extends MemoryStore {
  failures = 0
  isDown = false

  override set(id: string, session: SessionData, done?: (error?: unknown) => void): void {
    if (!this.isDown) {
      super.set(id, session, done)
      return
    }
    this.failures += 1
    done?.(new Error('the session store is down'))
  }

  /** All sessions as they are stored. */
  get content(): string {
    return Object.values((this as unknown as { sessions: Record<string, string> }).sessions).join()
  }
}

describe('new tokens that the session store does not take', () => {
  it('are offered until it does, and idle waits for that', async () => {
    rotateRefreshTokens(scene.provider)
    const store = new MoodyStore()
    const app = await scene.start({ store })
    const browser = new Browser()
    await browser.follow(app.loginURL)
    advanceClock(HOUR)
    store.isDown = true
    const page = await browser.visit(`${app.origin}/token`)
    expect(page.text).toBe('{"accessToken":"access-token-2-of-ada"}')
    expect(store.failures).toBe(1)
    expect(store.content).toContain('access-token-1-of-ada')
    expect(await app.strategy.idle({ timeoutMs: 1 })).toBe(1)

    store.isDown = false
    expect(await app.strategy.idle({ timeoutMs: 20_000 })).toBe(0)
    expect(store.content).toContain('access-token-2-of-ada')
    expect(store.content).not.toContain('access-token-1-of-ada')
  })
})

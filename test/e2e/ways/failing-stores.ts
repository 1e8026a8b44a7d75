import { MemoryStore } from 'express-session'
import { createMemoryStore } from '../../../src/grants/memory-store.js'
import type { Grants } from '../../../src/index.js'
import { grantsIn } from '../../support/grant-modes.js'

/** A session store that fails when it is told to. */
export class FailingStore extends MemoryStore {
  failsAt: 'get' | 'set' | 'destroy' | undefined

  override get(id: string, done: (error: unknown, session?: never) => void): void {
    if (this.failsAt === 'get') done(new Error('down'))
    else super.get(id, done as never)
  }

  override set(id: string, session: never, done?: (error?: unknown) => void): void {
    if (this.failsAt === 'set') done?.(new Error('down'))
    else super.set(id, session, done)
  }

  override destroy(id: string, done?: (error?: unknown) => void): void {
    if (this.failsAt === 'destroy') done?.(new Error('down'))
    else super.destroy(id, done)
  }
}

/** Grants whose store fails while it is down. */
export interface FailingGrants {
  readonly grants: Grants
  isDown: boolean
}

const all: { isDown: boolean }[] = []

/** Lets all stores of grants answer again: until then, their engines go on asking. */
export function repairGrants(): void {
  for (const one of all) one.isDown = false
}

/** Creates {@link FailingGrants}, in memory. */
export function createFailingGrants(): FailingGrants {
  const failing = { isDown: false }
  all.push(failing)
  const store = new Proxy(createMemoryStore(), {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        if (failing.isDown) throw new Error('down')
        return Reflect.apply(value, target, given) as unknown
      }
    },
  })
  return Object.assign(failing, { grants: grantsIn(store) })
}

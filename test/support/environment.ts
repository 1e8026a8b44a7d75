import { AsyncLocalStorage } from 'node:async_hooks'
import { TestEnvironment } from 'jest-environment-node'

type Storage = AsyncLocalStorage<unknown>
type Method = (this: Storage, ...args: unknown[]) => unknown

const STARTING = ['run', 'enterWith'] as const
const prototype = AsyncLocalStorage.prototype as unknown as Record<
  (typeof STARTING)[number],
  Method
>

/**
 * Node.js before 24 copies the value of every `AsyncLocalStorage` that was ever used to each new promise. In
 * a Jest worker each test file loads modules that create their own, so that every file would be slower than
 * the one before. This environment ends those that its file has used.
 */
export default class Environment extends TestEnvironment {
  readonly #used = new Set<Storage>()
  readonly #originals = { run: prototype.run, enterWith: prototype.enterWith }

  override async setup(): Promise<void> {
    await super.setup()
    const used = this.#used
    for (const name of STARTING) {
      const original = this.#originals[name]
      prototype[name] = function (...args) {
        used.add(this)
        return original.apply(this, args)
      }
    }
  }

  override async teardown(): Promise<void> {
    Object.assign(prototype, this.#originals)
    for (const storage of this.#used) storage.disable()
    await super.teardown()
  }
}

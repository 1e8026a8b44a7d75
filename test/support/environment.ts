import { AsyncLocalStorage } from 'node:async_hooks'
import { TestEnvironment } from 'jest-environment-node'

/**
 * Node.js before 24 copies the value of every `AsyncLocalStorage` that was ever used to each new promise. In
 * a Jest worker each test file loads modules that create their own, so that every file would be slower than
 * the one before. This environment ends those that its file has used.
 */
export default class Environment extends TestEnvironment {
  readonly #used = new Set<AsyncLocalStorage<unknown>>()
  readonly #originals = {
    run: AsyncLocalStorage.prototype.run,
    enterWith: AsyncLocalStorage.prototype.enterWith,
  }

  override async setup(): Promise<void> {
    await super.setup()
    const used = this.#used
    const { run, enterWith } = this.#originals
    AsyncLocalStorage.prototype.run = function (
      this: AsyncLocalStorage<unknown>,
      ...args: unknown[]
    ) {
      used.add(this)
      return Reflect.apply(run, this, args)
    } as typeof run
    AsyncLocalStorage.prototype.enterWith = function (this: AsyncLocalStorage<unknown>, store) {
      used.add(this)
      enterWith.call(this, store)
    }
  }

  override async teardown(): Promise<void> {
    Object.assign(AsyncLocalStorage.prototype, this.#originals)
    for (const storage of this.#used) storage.disable()
    await super.teardown()
  }
}

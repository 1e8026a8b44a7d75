import type { LedgerStore } from '../../src/grants/ledger-store.js'

/** Carries one command to a store: does or does not `run` it, and passes the reply on or does not. */
export type Carrier = (
  name: keyof LedgerStore,
  run: () => Promise<unknown>,
  args: readonly unknown[],
) => Promise<unknown>

/** A line to `store` on which `carry` decides what becomes of each command. */
export function lineTo(store: LedgerStore, carry: Carrier): LedgerStore {
  return new Proxy(store, {
    get(target, name) {
      const command = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>
      return (...args: unknown[]) => carry(name as keyof LedgerStore, () => command(...args), args)
    },
  })
}

import type { Row } from '../scale/population.js'

/** What a part of a store takes, in **bytes**. */
export interface Size {
  readonly what: string
  readonly bytes: number
}

/** A store on a server of its own. */
export interface StoreServer {
  readonly kind: 'Redis' | 'PostgreSQL'
  /** Where a worker finds it: a URL. */
  readonly address: string
  /** Writes grants, and waits until the server has nothing to do in the background. */
  fill(batches: Iterable<readonly Row[]>): Promise<void>
  /** What it takes, first of all what counts for each grant. */
  sizes(): Promise<readonly Size[]>
  /** How much CPU time its processes have taken, in **milliseconds**; `undefined` where that cannot be seen. */
  cpuMs(): Promise<number | undefined>
  /** Ends the server, and removes its data. */
  stop(): Promise<void>
}

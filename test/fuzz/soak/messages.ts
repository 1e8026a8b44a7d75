/** Where the application keeps sessions and tokens. */
export const MODES = ['session', 'memory', 'redis'] as const

export type Mode = (typeof MODES)[number]

/** What can be wrong with the application on purpose, to see that the soak notices. */
export const FAULTS = ['leak', 'open page', 'rejection', 'secret', 'end', 'deaf'] as const

export type Fault = (typeof FAULTS)[number]

/** What the application is told when it starts, as JSON in the environment variable `SOAK`. */
export interface AppSettings {
  readonly mode: Mode
  readonly provider: string
  /** Where the Redis server of the mode `redis` listens. */
  readonly redisSocket?: string | undefined
  readonly fault?: Fault | undefined
  /** The client's private key as JWK. */
  readonly privateKey: Readonly<Record<string, unknown>>
}

/** What the application is asked. */
export type Question =
  /** How much memory is in use after a garbage collection. */
  | { readonly ask: 'heap' }
  /** The text of a stored session. */
  | { readonly ask: 'session'; readonly id: string }
  /** To store a session as it is here. */
  | { readonly ask: 'plant'; readonly id: string; readonly text: string }

/** What it answers to {@link Question}. */
export type Answer = number | string | null

/** What the application says. */
export type Message =
  | { readonly port: number }
  | { readonly answered: number; readonly answer: Answer }
  /** Something that must not happen, such as an unhandled rejection. */
  | { readonly wrong: string; readonly why: string }

/** What a page behind `requireLogin` says, before the id of whoever it takes the visitor for. */
export const PAGE_MARKER = 'THE-PAGE-OF:'

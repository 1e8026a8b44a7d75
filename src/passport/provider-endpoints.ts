import type { Diagnostics } from '../diagnostics/watch.js'
import { DiscoveryError } from '../errors/errors.js'
import { failingSince } from '../errors/failing-since.js'
import { systemClock, within } from '../lib/clock.js'
import { createLateValue } from '../lib/late-value.js'
import type { Settings } from '../options/read-options.js'

/** The provider's endpoints, whenever they are needed. */
export interface ProviderEndpoints<Endpoints> {
  /**
   * The endpoints. If the metadata are read later, they are read now if they are not known.
   *
   * @throws {DiscoveryError} if the metadata cannot be read
   * @throws {ConfigurationError} if they do not go together with the options
   */
  readonly get: () => Endpoints | Promise<Endpoints>
  /** The endpoints, if they are known. */
  readonly known: () => Endpoints | undefined
  /** The endpoints, for what people do not wait for: `undefined` if they are not known within 3 seconds. */
  readonly soon: () => Promise<Endpoints | undefined>
  /** A function that `make` makes of the endpoints, and makes anew when they have changed. */
  readonly using: <Given extends readonly unknown[], Value>(
    make: (endpoints: Endpoints) => (...given: Given) => Promise<Value>,
  ) => (...given: Given) => Promise<Value>
}

/** Endpoints know the settings that they were made of. */
interface WithSettings {
  readonly settings: Settings
}

type Source<Endpoints> = Pick<ProviderEndpoints<Endpoints>, 'get' | 'known'>

/** The age at which metadata are read again, in **milliseconds**. */
const KEPT_MS = 24 * 60 * 60_000

/** The pauses between attempts, in **milliseconds**: nobody waits for those after which older metadata are used on. */
const PAUSES = {
  unknown: { firstMs: 1_000, longestMs: 30_000 },
  known: { firstMs: 60_000, longestMs: 60 * 60_000 },
}

/** How long logging out waits for metadata, in **milliseconds**: as long as for a revocation. */
const SOON_MS = 3_000

/**
 * Creates {@link ProviderEndpoints}.
 *
 * @param complete all settings, or how the metadata are read that belong to them
 * @param compose makes the endpoints
 */
export function createProviderEndpoints<Endpoints extends WithSettings>(
  complete: Settings | (() => Promise<Settings>),
  compose: (settings: Settings) => Endpoints,
  { watch }: Pick<Diagnostics, 'watch'>,
): ProviderEndpoints<Endpoints> {
  const { get, known } =
    typeof complete === 'function'
      ? late(watch('discovery', composed(complete, compose)))
      : fixed(compose(complete))
  return {
    get,
    known,

    async soon() {
      return known() ?? within(systemClock, SOON_MS, nothingIfFailed(get), () => undefined)
    },

    using(make) {
      type Work = ReturnType<typeof make>
      let made: { readonly of: Endpoints; readonly work: Work } | undefined
      return async (...given) => {
        const of = await get()
        if (made?.of !== of) made = { of, work: make(of) }
        return made.work(...given)
      }
    },
  }
}

function fixed<Endpoints>(endpoints: Endpoints): Source<Endpoints> {
  return { get: () => endpoints, known: () => endpoints }
}

function late<Endpoints extends object>(read: () => Promise<Endpoints>): Source<Endpoints> {
  return createLateValue({
    read,
    keptMs: KEPT_MS,
    pauses: PAUSES,
    failed: ({ error, since, pauseMs }) =>
      error instanceof DiscoveryError
        ? failingSince(error, { since, retryAfterMs: pauseMs })
        : error,
    leastPauseMs: (error) => (error instanceof DiscoveryError ? error.retryAfterMs : undefined),
    clock: systemClock,
    random: Math.random,
  })
}

/** Makes the endpoints anew only if the metadata have changed: requests that are under way finish with those they have. */
function composed<Endpoints extends WithSettings>(
  complete: () => Promise<Settings>,
  compose: (settings: Settings) => Endpoints,
): () => Promise<Endpoints> {
  let last: Endpoints | undefined
  return async () => {
    const settings = await complete()
    if (last?.settings !== settings) last = compose(settings)
    return last
  }
}

async function nothingIfFailed<Endpoints>(
  get: Source<Endpoints>['get'],
): Promise<Endpoints | undefined> {
  try {
    return await get()
  } catch {
    return undefined
  }
}

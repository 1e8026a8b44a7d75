import { isDeepStrictEqual } from 'node:util'
import { ConfigurationError, StorageError } from '../errors/errors.js'
import { within } from '../lib/clock.js'
import type { Clock } from '../lib/clock.js'
import type { AuthorizationCodeOptions, LateProviderOptions } from '../options/options.js'
import { sessionKeyOf } from './login-checks.js'
import { reinstate, retire } from './retirement.js'
import { noteStrategyOfRequest } from './strategies-of-session.js'
import { readStrategy } from './strategy-reader.js'
import type { MadeStrategy, TenantMaker, TenantStrategy } from './tenant-strategy.js'

/** What says whether a tenant's settings have changed. */
export type TenantVersion = string | number | Date | undefined

type OptionsOfTenant = AuthorizationCodeOptions | LateProviderOptions

/** What {@link createTenantMaker} needs: the options of `strategyPerTenant`. */
export interface TenantMakerParts<Strategy extends TenantStrategy> {
  readonly optionsOf: (
    tenant: string,
  ) => OptionsOfTenant | undefined | Promise<OptionsOfTenant | undefined>
  readonly versionOf: ((tenant: string) => TenantVersion | Promise<TenantVersion>) | undefined
  /**
   * Creates a tenant's strategy of its options, which it must pass on as they are: `(options) => new
   * AuthorizationCodeStrategy(options, verify)`.
   */
  readonly create: (options: AuthorizationCodeOptions, tenant: string) => Strategy
  /** What the names of the strategies begin with. */
  readonly name: string
}

/** How long the application's functions may take, in **milliseconds**: `discover` has 10 seconds for each of two requests. */
const LIMIT_MS = 30_000

/** The options that are made from the tenant. `name` may be there, because `discover` returns one. */
const OWN_OPTIONS = ['sessionKey', 'tenant'] as const

/** Creates a {@link TenantMaker}. */
export function createTenantMaker<Strategy extends TenantStrategy>(
  parts: TenantMakerParts<Strategy>,
  clock: Clock,
): TenantMaker<Strategy> {
  const { optionsOf, versionOf, create } = parts

  async function made(
    tenant: string,
    present: MadeStrategy<Strategy> | undefined,
  ): Promise<MadeStrategy<Strategy> | undefined> {
    const version = await versionOf?.(tenant)
    if (versionOf !== undefined && version === undefined) return undefined
    if (version !== undefined && isDeepStrictEqual(present?.madeOf, version)) return present
    const options = await optionsOf(tenant)
    if (options === undefined) return undefined
    // A change of the application's own object would change what is compared. `discover.lazy` makes a function each time, and a
    // strategy with the new one would not know the metadata that were read. Whose they are, the issuer says.
    const madeOf = version ?? { ...options, metadata: undefined }
    if (isDeepStrictEqual(present?.madeOf, madeOf)) return present
    return { madeOf, strategy: createInPlaceOf(present?.strategy, options, tenant) }
  }

  /** While the new one is created, its name is free. */
  function createInPlaceOf(
    present: Strategy | undefined,
    options: OptionsOfTenant,
    tenant: string,
  ): Strategy {
    if (present !== undefined) retire(present)
    try {
      return createStrategy(options, tenant)
    } catch (error) {
      if (present !== undefined) reinstate(present)
      throw error
    }
  }

  function createStrategy(options: OptionsOfTenant, tenant: string): Strategy {
    const given = OWN_OPTIONS.find((one) => options[one] !== undefined)
    if (given !== undefined) {
      throw new ConfigurationError(`Leave ${given} out: it is made from the tenant.`, given)
    }
    const name = `${parts.name}:${encodeURIComponent(tenant)}`
    const own = { ...options, name, tenant } as AuthorizationCodeOptions
    const strategy = create(own, tenant)
    readStrategy(strategy, 'What create returns')
    if (strategy.name !== name || !hasOwnPlace(strategy)) {
      throw new ConfigurationError(
        'create must pass the options on as they are: by their name, tenant and sessionKey, the tenants are kept apart.',
        'create',
      )
    }
    noteStrategyOfRequest(strategy)
    return strategy
  }

  return {
    make: (tenant, present) =>
      within(clock, LIMIT_MS, made(tenant, present), () => {
        const reason = `optionsOf has not answered in ${LIMIT_MS / 1000} seconds`
        throw new StorageError("Reading a tenant's settings", undefined, reason)
      }),
  }
}

/** Whether its data in a session are where its name says. Another copy of this package does not tell. */
function hasOwnPlace(strategy: TenantStrategy): boolean {
  const key = sessionKeyOf(strategy)
  return key === undefined || key === `oauth2:${strategy.name}`
}

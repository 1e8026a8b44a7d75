import type { Request } from 'express'
import { ConfigurationError } from '../errors/errors.js'
import { systemClock } from '../lib/clock.js'
import { readTable } from '../options/option-table.js'
import type { OptionTable, OptionsOf } from '../options/option-table.js'
import type { AuthorizationCodeOptions, LateProviderOptions } from '../options/options.js'
import { aFunction, positive } from '../options/readers.js'
import { serializeDefaultUsers } from './default-user.js'
import { createKeptStrategies } from './tenant-keeping.js'
import { createTenantMaker } from './tenant-making.js'
import type { TenantMakerParts, TenantVersion } from './tenant-making.js'
import type { TenantStrategy } from './tenant-strategy.js'

/** The table of {@link StrategyPerTenantOptions}. */
export const STRATEGY_PER_TENANT_OPTIONS = {
  /** The tenant of a request, such as `(req) => req.params.tenant`; `undefined` if it has none. It may be what a stranger made up. */
  tenantOf: { read: aFunction<(req: Request) => TenantOf | Promise<TenantOf>>(), required: true },

  /**
   * The options of a tenant's strategy, from your database; `undefined` if there is no such tenant. It is asked at the tenant's
   * first use, and again after `checkAfterMs`: if the options differ then, in any value, the strategy is created anew. Only the
   * function `metadata`, which `discover.lazy` makes anew each time, may be another one. `name`, `tenant` and `sessionKey` are
   * made from the tenant.
   */
  optionsOf: {
    read: aFunction<(tenant: string) => OptionsOfTenant | Promise<OptionsOfTenant>>(),
    required: true,
  },

  /**
   * What changes whenever a tenant's settings do, such as the time of the last change in your database; `undefined` if there is
   * no such tenant. With it, `optionsOf` is asked only when that has changed. For options that are costly to make, as by
   * `discover`, or that have functions or objects which are new each time.
   *
   * @default the options are made and compared
   */
  versionOf: { read: aFunction<(tenant: string) => TenantVersion | Promise<TenantVersion>>() },

  // Its documentation is in TenantMakerParts, because its type has the class of the strategies.
  create: {
    read: aFunction<(options: AuthorizationCodeOptions, tenant: string) => TenantStrategy>(),
    required: true,
  },

  /**
   * How long a tenant's strategy is used without asking whether its settings have changed, in **milliseconds**. The request
   * that asks then waits for a second at the most; if the answer comes later, the next request has it.
   *
   * @default 60_000 (1 minute)
   */
  checkAfterMs: { read: positive, default: 60_000 },

  /**
   * How long the strategy of a tenant is kept that nobody uses, in **milliseconds**. One that is renewing a token is kept.
   *
   * @default 3_600_000 (1 hour)
   */
  idleMs: { read: positive, default: 3_600_000 },

  /** How many strategies are kept. Beyond that, those go first that were not used for the longest time. @default 10_000 */
  maximum: { read: positive, default: 10_000 },

  /**
   * Called if a tenant's settings cannot be read again, or no strategy can be made of them any more. The present strategy goes
   * on, and it is tried again after ten seconds. Errors it throws are ignored.
   *
   * @default nothing is called
   */
  onCheckFailed: { read: aFunction<(error: unknown, tenant: string) => unknown>() },

  /**
   * What the names of the strategies begin with: the strategy of `acme` has the name `tenant:acme`, which is the `provider` of
   * its users. An application that has several of these needs another one for each.
   *
   * @default 'tenant'
   */
  name: { read: groupName, default: 'tenant' },
} as const satisfies OptionTable

/** The options of {@link strategyPerTenant}. */
export type StrategyPerTenantOptions<Strategy extends TenantStrategy = TenantStrategy> = Omit<
  OptionsOf<typeof STRATEGY_PER_TENANT_OPTIONS>,
  'create'
> &
  Pick<TenantMakerParts<Strategy>, 'create'>

type TenantOf = string | number | undefined
type OptionsOfTenant = AuthorizationCodeOptions | LateProviderOptions | undefined

/** The strategies of an application's tenants: see {@link strategyPerTenant}. */
export interface TenantStrategies<Strategy extends TenantStrategy = TenantStrategy> {
  /** The strategy of a request's tenant; `undefined` if there is none. For `authRouter`, `requireLogin` and `silentLogin`. */
  readonly strategyFor: (req: Request) => Promise<Strategy | undefined>
  /** The strategy of a tenant; `undefined` if there is none. For jobs. */
  readonly forTenant: (tenant: string) => Promise<Strategy | undefined>
  /** The same as the strategy's own method, for all of them: for a graceful stop. */
  readonly idle: (options?: { readonly timeoutMs?: number }) => Promise<number>
  /** How many strategies there are now. */
  readonly size: () => number
}

/**
 * Keeps a strategy for each tenant of an application, each with its own issuer: created when it is first used, created anew when
 * the tenant's settings change, and dropped when nobody uses it. Nothing of two tenants is ever shared.
 *
 * @example
 * ```ts
 * import {
 *   AuthorizationCodeStrategy,
 *   authRouter,
 *   discover,
 *   requireLogin,
 *   strategyPerTenant,
 * } from 'passport-authorization-code'
 *
 * declare function findSettings(tenant: string): Promise<
 *   { issuer: string; clientID: string; clientSecret: string } | undefined
 * >
 *
 * const tenants = strategyPerTenant({
 *   tenantOf: (req) => String(req.params['tenant']),
 *   optionsOf: async (tenant) => {
 *     const row = await findSettings(tenant)
 *     return (
 *       row && {
 *         ...(await discover(row.issuer)),
 *         clientID: row.clientID,
 *         clientSecret: row.clientSecret,
 *         callbackURL: `https://your-app.com/${tenant}/auth/callback`,
 *       }
 *     )
 *   },
 *   create: (options) => new AuthorizationCodeStrategy(options),
 * })
 * app.use('/:tenant/auth', authRouter(tenants.strategyFor))
 * app.get('/:tenant/home', requireLogin({ strategy: tenants.strategyFor }), (req, res) => {
 *   res.json(req.user)
 * })
 * ```
 *
 * @example In a job
 * ```ts
 * const acme = await tenants.forTenant('acme')
 * const answer = await acme?.fetch({ account: user.account }, 'https://api.example.com/report')
 * ```
 *
 * @throws {ConfigurationError} if an option is missing, unknown or cannot be used
 */
export function strategyPerTenant<Strategy extends TenantStrategy>(
  options: StrategyPerTenantOptions<Strategy>,
): TenantStrategies<Strategy> {
  const sample = 'strategyPerTenant({ tenantOf, optionsOf, create })'
  const settings = readTable(STRATEGY_PER_TENANT_OPTIONS, options, sample)
  // After a restart, people come back before the first strategy is created.
  serializeDefaultUsers()
  const { forTenant, idle, size } = createKeptStrategies({
    ...settings,
    ...createTenantMaker({ ...settings, create: options.create }, systemClock),
    clock: systemClock,
  })
  return {
    forTenant,
    size,
    idle: ({ timeoutMs = 10_000 } = {}) => idle(timeoutMs),
    async strategyFor(req) {
      const tenant: unknown = await settings.tenantOf(req)
      // A stranger's query may have made it a list.
      const isText = typeof tenant === 'string' || typeof tenant === 'number'
      return isText ? forTenant(String(tenant)) : undefined
    },
  }
}

/** A name that ends where the colon before the tenant is. */
function groupName(value: string, name: string): string {
  if (typeof value === 'string' && /^[\w.-]+$/.test(value)) return value
  throw new ConfigurationError(`${name} may have letters, digits, -, _ and dots only.`, name)
}

import type { LoginStrategy } from './login-strategy.js'

/** What a tenant can have: every `AuthorizationCodeStrategy`. */
export interface TenantStrategy extends LoginStrategy {
  idle(options?: { readonly timeoutMs?: number }): Promise<number>
}

/** A tenant's strategy, and what it was made of. */
export interface MadeStrategy<Strategy extends TenantStrategy = TenantStrategy> {
  readonly strategy: Strategy
  /** The version or the options. */
  readonly madeOf: unknown
}

/** Makes the strategies of tenants. */
export interface TenantMaker<Strategy extends TenantStrategy> {
  /**
   * The strategy of the tenant's present settings: the one that is there, if they have not changed. `undefined` if there is no
   * such tenant.
   *
   * @throws what the application's functions throw
   * @throws {ConfigurationError} if no strategy can be made of the options
   * @throws {StorageError} if the application's functions do not answer
   */
  readonly make: (
    tenant: string,
    present: MadeStrategy<Strategy> | undefined,
  ) => Promise<MadeStrategy<Strategy> | undefined>
}

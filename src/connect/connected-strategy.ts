import type { GrantJobs } from '../grants/strategy-jobs.js'
import type { AuthorizationCodeOptions } from '../options/options.js'
import type { LoginHooks } from '../passport/login-hooks.js'
import { AuthorizationCodeStrategy } from '../passport/strategy.js'

/** The account of who is logged in on a request; `undefined` if nobody is. */
export type AccountOn = (request: object) => string | undefined

/**
 * The strategy of one resource at one authorization server. Nobody logs in with it: it connects the resource to the person who
 * is logged in.
 *
 * Most of these servers say nothing of who the person is there. The person is known by their account here then, so that
 * whoever connects a resource again has one grant, and not two.
 */
export class ConnectedStrategy extends AuthorizationCodeStrategy<object> {
  readonly #accountOn: AccountOn

  constructor(options: AuthorizationCodeOptions<object>, accountOn: AccountOn) {
    super(options, ({ connectTo }) => connectTo ?? false)
    this.#accountOn = accountOn
  }

  /** Ends the grant of a person that a login of another strategy has replaced at the same server. @throws {StorageError} */
  endReplaced(account: string): Promise<number> {
    return this.useCases.endReplaced(account)
  }

  /** What the strategy does for all of its grants. */
  get jobs(): GrantJobs | undefined {
    return this.useCases.jobs
  }

  protected override loginHooks(): LoginHooks {
    return {
      ...super.loginHooks(),
      profile: (req) => {
        const id = this.#accountOn(req)
        return Promise.resolve(
          id === undefined ? undefined : { provider: this.name, id, _json: {} },
        )
      },
    }
  }
}

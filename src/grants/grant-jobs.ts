import { LoginRequiredError } from '../errors/login-errors.js'
import { StorageError } from '../errors/setup-errors.js'
import { forEachDespiteFailures } from '../lib/for-each-despite-failures.js'
import type { TokenSet } from '../options/token-set.js'
import { ACCOUNT_LIFE_MS, accountGrantId } from './account-grant-id.js'
import type { GrantEngine } from './engine.js'
import { accountName, personName, strategyName } from './index-names.js'
import type { GrantedClient } from './index-names.js'
import type { GrantIndex } from './grant-index.js'
import { hasEnded } from './grant-record.js'
import type { Line } from './grant-record.js'
import type { ImportedGrant } from './imported-grant.js'
import { isRenewable, renewalTime } from './line-state.js'
import type { RefreshWays } from './refresh-ways.js'
import type { GrantJobs, RenewedIdle } from './strategy-jobs.js'

/** What {@link createGrantJobs} needs. */
export interface GrantJobsParts {
  readonly name: string
  readonly client: GrantedClient
  readonly engine: GrantEngine
  readonly index: GrantIndex
  readonly ways: RefreshWays
  readonly erase: GrantJobs['erase']
}

/** How many grants are refreshed at once. The limit of connections to the provider applies too. */
const AT_ONCE = 16

type Result = keyof RenewedIdle | undefined

/** Creates the {@link GrantJobs} of one strategy. */
export function createGrantJobs(parts: GrantJobsParts): GrantJobs {
  const { name, client, engine, index, ways, erase } = parts
  const { strategy } = ways

  /** Lets a grant live longer that survives logging out. */
  function prolong(id: string): Promise<void> {
    if (engine.peek(id)?.of.outlivesLogin !== true) return Promise.resolve()
    return engine.prolong(id, ({ of: { names }, lifetimeMs }) => index.link(id, names, lifetimeMs))
  }

  async function renewLine(id: string, { id: line }: Line, since: number): Promise<Result> {
    try {
      await engine.freshLine(id, ways, { isJob: true, line, idleSince: since })
      return 'renewed'
    } catch (error) {
      if (error instanceof StorageError) throw error
      return error instanceof LoginRequiredError ? 'loginRequired' : 'failed'
    }
  }

  /** Refreshes each line of a grant that is due. What is best of them counts. */
  async function renewOne(id: string, since: number): Promise<Result> {
    const record = await engine.glance(id, strategy)
    if (record === undefined || hasEnded(record)) return undefined
    const now = Date.now()
    const idle = record.lines.filter(
      (line) => isRenewable(line, now) && (line.obtainedAt ?? record.createdAt) < since,
    )
    const results: Result[] = []
    for (const line of idle) results.push(await renewLine(id, line, since))
    if (results.includes('renewed')) await prolong(id)
    return results.find((one) => one === 'renewed') ?? results[0]
  }

  return {
    name,
    erase,

    async renewIdle(since) {
      const counts = { renewed: 0, loginRequired: 0, failed: 0 }
      // One record that cannot be read must not let all those expire that come after it.
      await forEachDespiteFailures(eachOf(index.list(strategyName(name))), AT_ONCE, async (id) => {
        const result = await renewOne(id, since)
        if (result !== undefined) counts[result] += 1
      })
      return counts
    },

    async import({ account, subject, ...given }) {
      const person = String(account)
      const id = accountGrantId(strategy, person, subject ?? '')
      const names = [personName(client, subject), accountName(name, person), strategyName(name)]
      const tokens = tokensOf(given)
      const outcome = await engine.import(id, {
        strategy,
        lifetimeMs: ACCOUNT_LIFE_MS,
        tokens,
        renewAt: renewalTime(tokens, ways.refreshBeforeSeconds, Date.now()),
        of: { account: person, subject, names, outlivesLogin: true },
      })
      if (outcome === 'ended') return 'known'
      await index.link(id, names, ACCOUNT_LIFE_MS)
      return outcome
    },
  }
}

async function* eachOf<Item>(batches: AsyncIterable<readonly Item[]>): AsyncGenerator<Item> {
  for await (const batch of batches) yield* batch
}

/** An access token of which it is not known when it expires counts as expired: the first use refreshes. */
function tokensOf(given: Omit<ImportedGrant, 'strategy' | 'account' | 'subject'>): TokenSet {
  const { accessToken = '', tokenType = 'bearer', expiresAt, ...rest } = given
  return {
    ...rest,
    accessToken,
    tokenType,
    expiresAt: accessToken === '' ? 0 : (expiresAt ?? 0),
  }
}

import { ConnectionRequiredError } from 'passport-authorization-code'
import type { Connections } from 'passport-authorization-code/connect'
import { inBatches } from './in-batches.js'
import { callTool } from './mcp-client.js'
import type { Notes } from './notes.js'

/** What came of a tool that the nightly job has called for one person. */
export interface ToolLine {
  readonly account: string
  /** The address of the server, as the person has entered it. */
  readonly address: string
  readonly tool: string
  /** `waiting`: only the person can help, by approving it. `failed`: the next night may succeed. */
  readonly outcome: 'done' | 'waiting' | 'failed'
  /** What the tool said. Empty if it said nothing. */
  readonly text: string
}

/** The tools of connected servers that people want to have called every night, one of each server. */
export interface NightlyTools {
  readonly choose: (account: string, address: string, tool: string) => Promise<void>
  readonly drop: (account: string, address: string) => Promise<void>
  /** A person's tools, by the address of the server. */
  readonly of: (account: string) => Promise<ReadonlyMap<string, string>>
  /** Calls all of them, without their browsers. */
  readonly run: () => Promise<readonly ToolLine[]>
}

/** Creates the {@link NightlyTools}. */
export function createNightlyTools(parts: {
  /** What is connected, once it is set up. */
  readonly connections: () => Pick<Connections, 'fetchFor'>
  readonly notes: Notes
  readonly onError: (error: unknown) => void
}): NightlyTools {
  const { connections, notes, onError } = parts

  async function all(): Promise<readonly Pick<ToolLine, 'account' | 'address' | 'tool'>[]> {
    return [...(await notes.all(KIND))].map(([name, tool]) => {
      const [account, address] = JSON.parse(name) as [string, string]
      return { account, address, tool }
    })
  }

  async function outcomeOf(
    account: string,
    address: string,
    tool: string,
  ): Promise<Pick<ToolLine, 'outcome' | 'text'>> {
    try {
      const fetch = connections().fetchFor({ account })
      const { isError, text } = await callTool(address, fetch, { name: tool })
      return { outcome: isError ? 'failed' : 'done', text }
    } catch (error) {
      if (error instanceof ConnectionRequiredError) return { outcome: 'waiting', text: '' }
      // One server's trouble must not end the job for all others.
      onError(error)
      return { outcome: 'failed', text: '' }
    }
  }

  return {
    choose: (account, address, tool) => notes.put(KIND, nameOf(account, address), tool),
    drop: (account, address) => notes.remove(KIND, nameOf(account, address)),

    async of(account) {
      const own = (await all()).filter((one) => one.account === account)
      return new Map(own.map(({ address, tool }) => [address, tool]))
    },

    run: async () =>
      inBatches(await all(), async ({ account, address, tool }) => ({
        ...{ account, address, tool },
        ...(await outcomeOf(account, address, tool)),
      })),
  }
}

const KIND = 'nightly-tools'

function nameOf(account: string, address: string): string {
  return JSON.stringify([account, address])
}

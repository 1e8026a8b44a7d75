import { ConfigurationError } from '../errors/setup-errors.js'
import type { StrategiesOfGrants } from '../grants/strategy-jobs.js'
import { isLoopback } from '../lib/loopback.js'
import type { ConnectSettings } from './connect-options.js'

type Named = Pick<ConnectSettings, 'name' | 'callbackURL'>

/** What identifies the jobs of connections among those of strategies, whose keys have no space in them. */
export function jobsKey({ name, callbackURL }: Named): string {
  return `${name} ${callbackURL}`
}

/**
 * Makes sure that no other connections of these grants have the name. On loopback addresses, where tests start one application
 * after the other, nothing is refused.
 *
 * @throws {ConfigurationError} with the name: whoever has the same account id in both would be taken for one person
 */
export function refuseSharedName(
  { name, callbackURL }: Named,
  strategies: Pick<StrategiesOfGrants, 'present'>,
): void {
  const prefix = jobsKey({ name, callbackURL: '' })
  const present = [...strategies.present().keys()].filter((key) => key.startsWith(prefix))
  const other = present.map((key) => key.slice(prefix.length)).find((url) => url !== callbackURL)
  if (other === undefined || isLoopback(new URL(callbackURL).hostname)) return
  throw new ConfigurationError(
    `The connections of ${other} have the name '${name}' too, and the same grants: whoever has the same account id in both would be one person. Give each a name of its own.`,
    'name',
  )
}

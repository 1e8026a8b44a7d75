/** The provider of the capacity bench, in a process of its own. */
import { startFastProvider } from '../scale/fast-provider.js'
import { serve } from '../processes.js'

export type ProviderCommands = typeof commands

const { origin, counts } = await startFastProvider()

const commands = {
  origin: () => origin,
  counts: () => counts,
}

serve(commands)

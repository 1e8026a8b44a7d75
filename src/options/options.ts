import type { CLIENT_OPTIONS } from './client-options.js'
import type { OptionsOf } from './option-table.js'
import type { PROVIDER_OPTIONS } from './provider-options.js'
import type { SESSION_OPTIONS } from './session-options.js'

/**
 * Where a provider is and how it wants to be spoken to: plain data. `askara` and `jiko` are such
 * objects, and so is what `discover` returns.
 */
export type ProviderOptions = OptionsOf<typeof PROVIDER_OPTIONS>

/** The options of {@link AuthorizationCodeStrategy}. Those that passport-oauth2 has as well keep their names. */
export interface AuthorizationCodeOptions
  extends
    OptionsOf<typeof PROVIDER_OPTIONS>,
    OptionsOf<typeof CLIENT_OPTIONS>,
    OptionsOf<typeof SESSION_OPTIONS> {}

/** Everything that one strategy stores in a session, under one key. */
export type StrategyData = Readonly<Record<string, unknown>>

/** How the default of the option `sessionKey` begins. */
export const DEFAULT_KEY_PREFIX = 'oauth2:'

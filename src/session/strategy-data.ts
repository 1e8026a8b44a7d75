/** Everything that one strategy stores in a session, under one key. */
export type StrategyData = Readonly<Record<string, unknown>>

/** The options as the application passed them, before they are checked. */
export type GivenOptions = Readonly<Record<string, unknown>>

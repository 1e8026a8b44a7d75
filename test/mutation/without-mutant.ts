import type { WithoutMutant } from './mutant.js'

/** The rows that name tests and have no mutant. */
export const WITHOUT_MUTANT: readonly WithoutMutant[] = []

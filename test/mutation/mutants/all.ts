import type { Mutant } from '../mutant.js'
import { CALLBACK_MUTANTS } from './callback.js'
import { PENDING_LOGIN_MUTANTS } from './pending-logins.js'
import { TLS_MUTANTS } from './tls.js'

/** The mutants of all topics. */
export const MUTANTS: readonly Mutant[] = [
  ...CALLBACK_MUTANTS,
  ...PENDING_LOGIN_MUTANTS,
  ...TLS_MUTANTS,
]

import type { Mutant } from '../mutant.js'
import { BOUND_TOKEN_MUTANTS } from './bound-tokens.js'
import { BROWSER_MUTANTS } from './browser.js'
import { CALLBACK_MUTANTS } from './callback.js'
import { CLIENT_MUTANTS } from './clients.js'
import { CONNECT_MUTANTS } from './connect.js'
import { DISCOVERY_MUTANTS } from './discovery.js'
import { ID_TOKEN_MUTANTS } from './id-tokens.js'
import { LOGOUT_TOKEN_MUTANTS } from './logout-tokens.js'
import { OIDF_PLAN_MUTANTS, inVariants } from './oidf-plans.js'
import { OUTGOING_MUTANTS } from './outgoing.js'
import { PENDING_LOGIN_MUTANTS } from './pending-logins.js'
import { REQUEST_MUTANTS } from './requests.js'
import { SIGNATURE_MUTANTS } from './signatures.js'
import { SIGNED_RESPONSE_MUTANTS } from './signed-responses.js'
import { TLS_MUTANTS } from './tls.js'
import { TOKEN_MUTANTS } from './tokens.js'

/** The mutants of all topics. */
export const MUTANTS: readonly Mutant[] = [
  ...CALLBACK_MUTANTS,
  ...PENDING_LOGIN_MUTANTS,
  ...BROWSER_MUTANTS,
  ...OUTGOING_MUTANTS,
  ...TLS_MUTANTS,
  ...REQUEST_MUTANTS,
  ...CLIENT_MUTANTS,
  ...CONNECT_MUTANTS,
  ...BOUND_TOKEN_MUTANTS,
  ...TOKEN_MUTANTS,
  ...ID_TOKEN_MUTANTS,
  ...SIGNATURE_MUTANTS,
  ...SIGNED_RESPONSE_MUTANTS,
  ...LOGOUT_TOKEN_MUTANTS,
  ...DISCOVERY_MUTANTS,
  ...OIDF_PLAN_MUTANTS,
  ...inVariants([...REQUEST_MUTANTS, ...CLIENT_MUTANTS, ...ID_TOKEN_MUTANTS, ...SIGNATURE_MUTANTS]),
]

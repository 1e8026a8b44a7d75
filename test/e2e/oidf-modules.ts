import { FAPI_PLANS } from './oidf-fapi-plans.js'
import type { OidfPlans } from './oidf-module.js'
import { OPENID_PLANS } from './oidf-openid-plans.js'

/**
 * The relying-party plans of the OpenID Foundation’s conformance suite, release 5.2.4, module by module, and what
 * proves each here. A module that several plans have is listed in the first of them; `docs/generate/openid.ts` says
 * which these are.
 *
 * @see https://gitlab.com/openid/conformance-suite
 */
export const OIDF_PLANS: OidfPlans = { ...OPENID_PLANS, ...FAPI_PLANS }

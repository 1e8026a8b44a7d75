import { FAPI_PLANS } from './oidf-fapi-plans.js'
import type { OidfPlans } from './oidf-module.js'
import { OPENID_PLANS } from './oidf-openid-plans.js'

/**
 * The relying-party plans of the OpenID Foundation’s conformance suite, module by module, and what
 * proves each here. A module that several plans have is listed in the first of them: the plan for
 * message signing has all modules of the security profile’s plan, those for configuration and for
 * dynamic registration have `oidcc-client-test-idtoken-sig-none`, and the latter has all modules of the former.
 * Modules that are only run in a national profile (such as Brazil’s) are left out of the plan for FAPI 1.0.
 *
 * @see https://gitlab.com/openid/conformance-suite
 */
export const OIDF_PLANS: OidfPlans = { ...OPENID_PLANS, ...FAPI_PLANS }

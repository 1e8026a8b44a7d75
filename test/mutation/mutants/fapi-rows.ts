/** The rows of a module that the plans for FAPI 2.0 and FAPI 1.0 both have, such as `invalid-iss`. */
export function inFapi(module: string): readonly string[] {
  return ['fapi2-security-profile-final', 'fapi1-advanced-final'].map(
    (profile) => `openid ${profile}-client-test-${module}`,
  )
}

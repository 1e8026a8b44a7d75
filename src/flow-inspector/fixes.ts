import { OAUTH_ERRORS } from '../errors/oauth-errors.js'
import { ERRORS, isErrorCode } from '../errors/table.js'

/** For a login that `verify` has refused. */
const REFUSED_BY_VERIFY =
  'Your `verify` function returned `false` for this person. If the person should be able to log in, correct that function.'

/** For an error that is not in the table of errors. */
const OTHER_ERROR =
  'This error is not one of this library. It comes from your own code, such as `verify` or a hook, or from a package that your code uses. Your error handler receives it with its stack.'

/** For an OAuth error that no standard defines. */
const UNKNOWN_OAUTH_ERROR =
  'This error code is the provider’s own. Its documentation says what it means.'

/**
 * What a developer can do about a failure, as Markdown without links. The most specific advice comes first: that for
 * the OAuth error, then that for the error's code.
 *
 * @param reason the error's `code`; its `name` if it is not an error of this library; or the reason of a refused login
 * @param oauthError the `error` of the provider's response, if there is one
 */
export function fixOf(reason: string, oauthError: string | undefined): string {
  return (
    OAUTH_ERRORS.get(oauthError ?? '')?.fix ??
    (isErrorCode(reason) ? ERRORS[reason].fix : undefined) ??
    OAUTH_ERRORS.get(reason)?.fix ??
    (reason === 'verify' ? REFUSED_BY_VERIFY : undefined) ??
    (oauthError === undefined ? OTHER_ERROR : UNKNOWN_OAUTH_ERROR)
  )
}

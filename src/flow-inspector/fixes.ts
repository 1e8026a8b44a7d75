import { OAUTH_ERRORS } from '../errors/oauth-errors.js'
import { ERRORS, isErrorCode } from '../errors/table.js'

const REFUSED_BY_VERIFY =
  'Your `verify` function returned `false` for this person. If they may log in, look there.'

const OTHER_ERROR =
  'This error is not one of this library. It comes from your own code, such as `verify` or a hook, or from a package that it uses. Your error handler receives it with its stack.'

const UNKNOWN_OAUTH_ERROR =
  'The provider answered with an error of its own. Its documentation says what it means.'

/**
 * What a developer can do about a failure: Markdown without links.
 *
 * @param reason the error's `code`, its `name` if it is not one of ours, or why a login was refused
 * @param oauthError the OAuth `error` that the provider answered with, if it did
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

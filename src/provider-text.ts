const MAXIMUM_LENGTH = 300

/** A JSON Web Token: client assertions, ID tokens and many access tokens are such. */
const JWT = /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g

/**
 * A text of the provider's, fit for an error message or a log line: control characters replaced, cut to
 * 300 characters, and without any of `secrets` (as they are or urlencoded) or any JWT, which some servers
 * quote back.
 */
export function providerText(value: unknown, secrets: readonly string[] = []): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const open = secrets
    .filter((secret) => secret !== '')
    .flatMap(spellings)
    .reduce((text, secret) => text.replaceAll(secret, '…'), value)
  const printable = open.replace(JWT, '…').replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  return printable.length > MAXIMUM_LENGTH ? `${printable.slice(0, MAXIMUM_LENGTH)}…` : printable
}

/** A secret as it is, as it stands in a URL, and as it stands in a form. */
function spellings(secret: string): readonly string[] {
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1)
  return [secret, encodeURIComponent(secret), inForm]
}

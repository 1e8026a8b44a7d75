const MAXIMUM_LENGTH = 300

/** A JSON Web Token, signed or encrypted: client assertions, ID tokens and many access tokens are such. */
const JWT = /\beyJ[\w.-]+/g

/**
 * A text of the provider's, fit for an error message or a log line: control characters replaced, cut to
 * 300 characters, and without any of `secrets` (as they are, urlencoded, or in JSON) or any JWT, which some
 * servers quote back.
 */
export function providerText(value: unknown, secrets: readonly string[] = []): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const open = secrets
    .filter((secret) => secret !== '')
    .flatMap(spellings)
    // A secret that another begins with would leave the other's end behind.
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, '…'), value)
  const printable = open.replace(JWT, '…').replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  return printable.length > MAXIMUM_LENGTH ? `${printable.slice(0, MAXIMUM_LENGTH)}…` : printable
}

/** A secret as it is, in a form, in a URL, and in JSON. */
function spellings(secret: string): readonly string[] {
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1)
  // Half a surrogate pair, which `encodeURIComponent` throws at, does not survive the Buffer.
  const inUrl = encodeURIComponent(Buffer.from(secret).toString())
  const inJson = JSON.stringify(secret).slice(1, -1)
  const encoded = [inForm, inForm.replaceAll('+', '%20'), inUrl]
  // .NET writes the digits small, and PHP escapes slashes.
  const small = encoded.map((one) => one.replace(/%../g, (byte) => byte.toLowerCase()))
  return [secret, ...encoded, ...small, inJson, inJson.replaceAll('/', '\\/')]
}

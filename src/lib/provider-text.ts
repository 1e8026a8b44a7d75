/** The longest text that is read at all, in characters. It may come from a stranger, and is searched many times. */
const READABLE_LENGTH = 10_000

/** The longest text that is passed on, in characters. */
const MAXIMUM_LENGTH = 300

/**
 * A JSON Web Token, signed or encrypted. Client assertions, ID tokens and many access tokens are JWTs.
 */
const JWT = /\beyJ[\w.-]+/g

/**
 * What a terminal or a log would not show as text: control characters (also C1, such as 0x9B, which some terminals take for
 * the beginning of a command), line ends, characters that turn the direction of writing or have no width, invisible tags,
 * halves of characters.
 */
const UNPRINTABLE =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cs}]+/gu

/**
 * Makes a text from the provider safe for an error message or a log line. Control characters are replaced, and the
 * text is cut to 300 characters; of one that is longer than 10,000, only the length is told. Some servers quote the request: JWTs and `secrets` are replaced by `…`, whether
 * the secrets are written as they are, urlencoded, or as in JSON.
 *
 * @returns `undefined` if the value is not a string, or empty
 * @see [RFC 6749, section 5.2 - Error Response](https://www.rfc-editor.org/rfc/rfc6749.html#section-5.2)
 */
export function providerText(value: unknown, secrets: readonly string[] = []): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  if (value.length > READABLE_LENGTH) return `… (${value.length} characters)`
  const printable = printableText(value, secrets)
  return printable.length > MAXIMUM_LENGTH ? `${printable.slice(0, MAXIMUM_LENGTH)}…` : printable
}

/** As {@link providerText}, for a text of any origin, which is not cut. */
export function printableText(value: string, secrets: readonly string[] = []): string {
  const redacted = secrets
    .filter((secret) => secret !== '')
    .flatMap(spellings)
    // The longest first: if one secret is the beginning of another, replacing it first would leave the rest of the
    // other one readable.
    .sort((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(secret, '…'), value)
  return redacted.replace(JWT, '…').replace(UNPRINTABLE, ' ')
}

/** The ways in which a server may write a secret: as it is, in a form, in a URL, and in JSON. */
function spellings(secret: string): readonly string[] {
  const inForm = new URLSearchParams([['', secret]]).toString().slice(1)
  // `encodeURIComponent` throws on half a surrogate pair. The Buffer replaces it.
  const inUrl = encodeURIComponent(Buffer.from(secret).toString())
  const inJson = JSON.stringify(secret).slice(1, -1)
  const encoded = [inForm, inForm.replaceAll('+', '%20'), inUrl]
  // .NET writes percent-encoded bytes in lower case, and PHP escapes slashes in JSON.
  const lowerCase = encoded.map((one) => one.replace(/%../g, (byte) => byte.toLowerCase()))
  return [secret, ...encoded, ...lowerCase, inJson, inJson.replaceAll('/', '\\/')]
}
